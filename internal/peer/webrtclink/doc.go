// Package webrtclink is the native transport between peers: WebRTC data channels by pion, one ordered and reliable
// channel named "superp2p" for each link (RFC 8831, RFC 8832), signalled by whole session descriptions without trickle
// (RFC 8829, RFC 8840 section 4.1 half).
//
// An Endpoint makes links; all links of one Endpoint share its DTLS certificate and settings, because making those is
// what a connection costs most. Link.Branch opens a further link over the connection of another, without any signalling.
// All are safe for concurrent use. What happens on a link is told to its Handler; each method there says on which goroutine
// it runs and whether it may block.
//
// Nothing here knows what peers say to each other: messages are bytes.
package webrtclink
