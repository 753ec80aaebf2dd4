// Package proxy lets any player that can open an HTTP-FLV or HLS address watch through P2P: it listens on this machine,
// joins the swarm of what a player asks for, and hands the stream on.
//
// The addresses it answers (Target reads them):
//
//	/<host>[:port]/<path>.flv?query               http://<host>/<path>.flv?query
//	/<host>[:port]/<path>.mp4?query               the file http://<host>/<path>.mp4?query, with Range (others as edgeapi.FileType has)
//	/<host>[:port]/<path>.m3u8?query              the HLS playlist http://<host>/<path>.m3u8?query (.m3u alike)
//	/<host>[:port]/<path>?as=m3u8                 the same, of one whose path ends otherwise
//	/http/<host>/<path>.flv?query                 the same, for hosts named like one of these first words
//	/https/<host>/<path>.flv?query                https://<host>/<path>.flv?query
//	/rtmp/<host>/<app>/<stream>.flv?query         rtmp://<host>/<app>/<stream>?query (rtmps alike)
//	/rtsp/<host>/<path>.flv?query                 rtsp://<host>/<path>?query (rtsps alike)
//	/channel/<id>.flv                             the channel <id> of the server; .m3u8 if it is HLS
//	/<host>[:port]/<path>                         a segment that a playlist lists which was asked for before
//	/stat?xresid=…  /feature?download=…&upload=…  counters and the switches for sharing
//	/session?id=…                                 how a Flash player's stream goes; &end=1 ends it, &share=off has it give nothing to peers
//	/crossdomain.xml                              Flash Player's leave to read the above from any site
//
// A master playlist leads to its playlists at the proxy, each of which is a stream of its own, and these to segments there. Keys
// and all else stay the origin's. The tags of low-latency HLS are left out, as players take parts one by one, which nobody
// shares; superp2p_parts=1 keeps them, and then the parts are the origin's. A segment is found by its address in what the
// playlists listed (registry): nothing else is loaded, so that the proxy is none for other things. Playlists are loaded from
// the origin each time a player asks, as its own URL has them.
//
// A file of another kind, or HLS, comes as FLV, for Flash players, with as=flv; then start=N begins at the keyframe before N
// seconds.
// superp2p_session is the id of such a player, superp2p_tracks=audio or video gives it only that, superp2p_share=off gives peers nothing.
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
