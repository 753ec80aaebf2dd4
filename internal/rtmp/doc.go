// Package rtmp speaks RTMP (Adobe's RTMP specification 1.0, and enhanced RTMP, whose bodies it passes on unread) as far
// as live streams need it: a client that plays, a client that publishes, and a server that accepts both.
//
// Handshake and AMF0 are those of github.com/bluenviron/gortmplib. Its messages are not used, because they are decoded
// and encoded again, and refuse what they do not know: here the bodies of audio, video and data messages stay what was
// sent, bit for bit, and a message of an unknown kind is skipped. Everything is limited: sizes, connections, times.
//
// A Server and its methods are safe for concurrent use. A Client or a Publisher belongs to one goroutine, except for
// Close.
package rtmp
