// Package demo is superp2p at work on one machine: a live origin, a server and viewers, real peers all of them, in one
// process, with a status that a terminal and the page show.
//
// A Demo is safe for concurrent use.
package demo
