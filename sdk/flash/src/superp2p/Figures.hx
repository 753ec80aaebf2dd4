package superp2p;

import flash.net.NetStreamInfo;
import flash.net.NetStreamMulticastInfo;

/** Figures of a playback as Flash's classes have them. **/
class Figures {
	static function of(p:Playback, key:String):Float {
		var value:Dynamic = p.said();
		value = value == null ? null : Reflect.field(value, key);
		return value == null ? 0 : value;
	}

	public static function info(p:Playback):NetStreamInfo {
		var rate = p.rate(), loaded = p.loaded(), held = p.bufferLength(), ahead = held * p.playedRate(), played = p.playedRate();
		var video = of(p, "videoBytes"), audio = of(p, "audioBytes"), all = video + audio;
		var part = all > 0 ? video / all : 0;
		return new NetStreamInfo(rate, loaded, p.mostRate, rate * (1 - part), loaded * (1 - part), rate * part, loaded * part, 0, 0, played,
			0, ahead * (1 - part), ahead * part, 0, held, held, 0, 0, 0, 0, p.metaData, null, p.uri(), p.target(), p.isLive());
	}

	public static function multicastInfo(p:Playback):NetStreamMulticastInfo {
		var peers = of(p, "p2pBytes"), server = of(p, "cdnBytes"), upload = of(p, "uploadBytes"), rate = p.rate();
		if (p.routeName() == "server")
			server = p.loaded();
		var part = peers + server > 0 ? peers / (peers + server) : 0;
		return new NetStreamMulticastInfo(0, 0, rate, 0, upload, 0, 0, 0, 0, 0, peers, 0, 0, rate * (1 - part), server, 0, 0, 0, 0);
	}

	public static function stat(p:Playback):Dynamic {
		var peers = of(p, "p2pBytes"), server = of(p, "cdnBytes");
		if (p.routeName() == "server")
			server = p.loaded();
		return {
			route: p.routeName(), peers: of(p, "peers"), p2pBytes: peers, cdnBytes: server, uploadBytes: of(p, "uploadBytes"),
			offload: peers + server > 0 ? peers / (peers + server) : 0, delay: p.liveDelay(), buffered: p.bufferLength(), stalls: p.stalls,
			bytesPerSecond: p.rate(), playbackBytesPerSecond: p.playedRate(), live: p.isLive(), duration: of(p, "duration")
		};
	}
}
