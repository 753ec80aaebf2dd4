// Package source opens a live stream by its URL and hands out its FLV tags: http:// and https:// for HTTP-FLV, rtmp://
// and rtmps:// for RTMP, rtsp:// and rtsps:// for RTSP. Bodies of tags are what the origin sent, bit for bit; those of
// RTSP, which has no tags, are made of its access units.
//
// Every failure is a *fault.Error whose code says whether the URL, the network, the origin's answer or the stream is
// at fault. Messages never hold a URL's query, which may be a secret.
//
// Open may be called concurrently. A Source belongs to one goroutine, except for Close.
package source
