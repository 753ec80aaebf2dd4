// Package stagetest helps tests that play real streams and films: sources that are not ours (ffmpeg), and ffmpeg's
// judgement of what came out. Its functions belong to one test each and may be called by several at the same time.
package stagetest
