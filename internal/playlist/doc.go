// Package playlist loads HLS playlists (RFC 8216) from an origin and follows live ones. When to load again is its caller's to
// decide, by hls.ReloadAfter or better.
//
// A Follower has one user at a time; Get may be called concurrently.
package playlist
