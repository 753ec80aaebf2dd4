// Package slice is the data model that every other package shares: a track is one rendition of one stream, a group
// is a run of its bytes that a decoder can start with, a slice is the unit that peers trade.
//
// Slices of a track are numbered from 0 without gaps; a group is named by the number of its first slice. What the
// edge says of slices (their sizes and BLAKE3 digests, where they stand in time) is a Statement, and it is signed.
//
// Values are plain data: safe to read from several goroutines once nobody writes to them any more. Payload bytes and
// encoded statements are shared, never modified after they were made.
//
// The package is part of the engine that runs in a page: it imports neither net/http, encoding/json, log/slog nor fmt.
package slice
