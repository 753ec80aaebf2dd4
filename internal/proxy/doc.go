// Package proxy lets any player that can open an HTTP-FLV address watch through P2P: it listens on this machine, joins
// the swarm of what a player asks for, and hands the stream on.
//
// The addresses it answers (Target reads them):
//
//	/<host>[:port]/<path>.flv?query               http://<host>/<path>.flv?query
//	/<host>[:port]/<path>.mp4?query               the file http://<host>/<path>.mp4?query, with Range (others as edgeapi.FileType has)
//	/http/<host>/<path>.flv?query                 the same, for hosts named like one of these first words
//	/https/<host>/<path>.flv?query                https://<host>/<path>.flv?query
//	/rtmp/<host>/<app>/<stream>.flv?query         rtmp://<host>/<app>/<stream>?query (rtmps alike)
//	/rtsp/<host>/<path>.flv?query                 rtsp://<host>/<path>?query (rtsps alike)
//	/channel/<id>.flv                             the channel <id> of the server
//	/stat?xresid=…  /feature?download=…&upload=…  counters and the switches for sharing
//	/crossdomain.xml                              Flash Player's leave to read the above from any site
//
// A file of another kind comes as FLV, for Flash players, with as=flv; then start=N begins at the keyframe before N seconds.
// Of an FLV file, start=N begins at the keyframe before N seconds (bytes, if it is not as long).
//
// In a stream's query, superp2p_delay (seconds behind live) and xresid (the application's own name for the stream, by
// which /stat finds it; by default <host>/<path>.flv) are for the proxy and are not sent on.
//
// What cannot be started is answered, before any media, by a 4xx or 5xx status and {"error":{"code","message"}}, with
// the address that the player can open directly instead under "fallback". All players of one stream share one peer,
// which leaves the swarm a few seconds after the last of them; a slow player skips forward and slows nobody.
//
// A Proxy is an http.Handler, safe for concurrent use.
package proxy
