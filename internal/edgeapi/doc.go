// Package edgeapi is the edge's HTTP interface as Go types: what travels as JSON, the paths and the headers, for the
// edge that answers and for the peer that asks. The interface itself is written down in docs/openapi.yaml.
//
// Values are plain data.
package edgeapi
