// Package bench measures superp2p on this machine: an origin, a server and viewers (real WebRTC peers, the real
// tracker, real HTTP over loopback) run in one process, and one plain HTTP-FLV client of the same origin beside them.
//
// Run does one measurement and returns its figures; the fields of Result say what each means exactly. Runs do not
// share anything and may follow each other, but not overlap if their figures are to mean something.
package bench
