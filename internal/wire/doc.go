// Package wire is what peers say to each other over a data channel: one message a frame, the first byte its kind,
// numbers as uvarints, no message larger than MaxMessage. docs/wire.md describes the format.
//
// Everything here is a pure function over bytes, safe for concurrent use. Parse accepts only messages within the
// limits below; what else is wrong with them (a slice nobody asked for, say) is for the engine to judge. The package
// is part of the engine that runs in a page: it imports neither net/http, encoding/json, log/slog nor fmt.
package wire
