// Package edgeclient asks a superp2p server over HTTP: resolve a stream, fetch a slice, see how a track is. The
// interface is package internal/edgeapi and docs/openapi.yaml.
//
// A Client is safe for concurrent use. Every failure is a *fault.Error, except that of the caller's own context. One
// call is one request: retrying is for the caller, who knows how long it matters.
package edgeclient
