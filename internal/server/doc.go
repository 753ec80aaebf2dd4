// Package server puts the edge, the tracker, the pages and the SDK's files on one HTTP port, and opens the RTMP
// and STUN ports beside it. It is what the command serve runs, and what demo, bench and tests run inside themselves.
//
// A Server is safe for concurrent use. Close ends everything that Start began.
package server
