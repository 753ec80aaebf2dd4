// Package hls reads HLS playlists and rewrites their URIs. It follows RFC 8216 and its successor
// draft-pantos-hls-rfc8216bis (low latency, variables, delta updates). It neither fetches nor keeps time: callers do.
//
//   - Parse gives a typed view of a master or media playlist.
//   - Rewrite replaces every URI and leaves all other bytes as they are.
//   - Window compares one load of a live playlist with the one before; ReloadAfter says when to load it again.
//   - ByteRange and EqualParts do the arithmetic of byte ranges.
//
// The parser is our own because the libraries lose what we need. gohlslib's playlist package (v2.4.3) knows one
// EXT-X-MAP a playlist, no I-frame variants, session keys or variables, and refuses versions that it does not know.
// hls-m3u8 (v0.6.5) drops a segment without EXTINF without a word, makes byte range 100 of both "100" and "100@0",
// substitutes no variables and has no limits. Neither can hand on a tag unchanged that it does not know, so that
// rewriting needs a scanner and an attribute list grammar in any case. Parse and Rewrite share that scanner, hence
// agree on what is a reference.
//
// What a server can make us hold is bounded by Limits. Every failure is a *fault.Error with fault.SourceInvalid that
// wraps one of this package's errors; messages hold line numbers and no URL.
//
// The functions may be called concurrently. A Playlist is plain data that nobody changes; a Window belongs to one
// goroutine.
package hls
