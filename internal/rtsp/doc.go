// Package rtsp plays a live stream from an RTSP server and hands it out as FLV tags: H.264 in legacy bodies, H.265 in
// enhanced ones (hvc1), AAC. Other codecs are left out, with a line in the log.
//
// It follows RFC 2326 (RTSP 1.0) with RTP interleaved in the same TCP connection, RFC 6184 (H.264), RFC 7798 (H.265),
// RFC 3640 (AAC), RFC 3550 (sender reports) and ISO/IEC 14496-15 (the records in sequence headers). The formats on the
// wire are gortsplib's; its Client is not used, because it parses in goroutines of its own, where a panic that a server
// provokes could not be caught. Here everything runs in the caller's goroutine.
//
// Dial may be called concurrently. A Client belongs to one goroutine, except for Close.
package rtsp
