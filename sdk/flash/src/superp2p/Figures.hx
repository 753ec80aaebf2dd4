package superp2p;

import flash.net.NetStreamInfo;
import flash.net.NetStreamMulticastInfo;

/** Figures of a playback as Flash's classes have them; what is not there is 0. **/
class Figures {
	public var currentBytesPerSecond(default, null):Float;
	public var byteCount(default, null):Float;
	public var maxBytesPerSecond(default, null):Float;
	public var audioBytesPerSecond(default, null):Float;
	public var audioByteCount(default, null):Float;
	public var videoBytesPerSecond(default, null):Float;
	public var videoByteCount(default, null):Float;
	public var playbackBytesPerSecond(default, null):Float;
	public var audioBufferByteLength(default, null):Float;
	public var videoBufferByteLength(default, null):Float;
	public var audioBufferLength(default, null):Float;
	public var videoBufferLength(default, null):Float;
	public var metaData(default, null):Dynamic;
	public var uri(default, null):String;
	public var resourceName(default, null):String;
	public var isLive(default, null):Bool;

	/** Bytes from peers, from the server, and given to peers. **/
	public var peers(default, null):Float;
	public var server(default, null):Float;
	public var upload(default, null):Float;

	/** What the sender says of its swarm. **/
	var multicast:Dynamic;

	function new(p:Playback) {
		var rate = p.rate(), loaded = p.loaded(), held = p.bufferLength(), ahead = held * p.playedRate();
		var video = p.number("videoBytes"), audio = p.number("audioBytes"), part = video + audio > 0 ? video / (video + audio) : 0;
		currentBytesPerSecond = rate;
		byteCount = loaded;
		maxBytesPerSecond = p.mostRate;
		audioBytesPerSecond = rate * (1 - part);
		audioByteCount = loaded * (1 - part);
		videoBytesPerSecond = rate * part;
		videoByteCount = loaded * part;
		playbackBytesPerSecond = p.playedRate();
		audioBufferByteLength = ahead * (1 - part);
		videoBufferByteLength = ahead * part;
		audioBufferLength = audio > 0 ? held : 0;
		videoBufferLength = video > 0 ? held : 0;
		metaData = p.metaData;
		uri = p.uri();
		resourceName = p.target();
		isLive = p.isLive();
		peers = p.number("p2pBytes");
		server = p.routeName() == "server" ? loaded : p.number("cdnBytes");
		upload = p.number("uploadBytes");
		multicast = p.said() == null ? null : p.said().multicastInfo;
	}

	/** A figure of NetStreamMulticastInfo; if the sender says nothing of its swarm all comes from the server. **/
	public function swarm(name:String):Float {
		if (multicast == null)
			return switch (name) {
				case "receiveDataBytesPerSecond", "receiveDataBytesPerSecondFromServer": currentBytesPerSecond;
				case "bytesReceivedFromServer": server;
				default: 0;
			}
		var value:Dynamic = Reflect.field(multicast, name);
		return value == null ? 0 : value;
	}

	public static function of(p:Playback):Figures {
		return new Figures(p);
	}

	public static function info(p:Playback):NetStreamInfo {
		var f = of(p);
		return new NetStreamInfo(f.currentBytesPerSecond, f.byteCount, f.maxBytesPerSecond, f.audioBytesPerSecond, f.audioByteCount,
			f.videoBytesPerSecond, f.videoByteCount, 0, 0, f.playbackBytesPerSecond, 0, f.audioBufferByteLength, f.videoBufferByteLength, 0,
			f.audioBufferLength, f.videoBufferLength, 0, 0, 0, 0, f.metaData, null, f.uri, f.resourceName, f.isLive);
	}

	public static function multicastInfo(p:Playback):NetStreamMulticastInfo {
		var f = of(p);
		return new NetStreamMulticastInfo(f.swarm("sendDataBytesPerSecond"), f.swarm("sendControlBytesPerSecond"), f.swarm("receiveDataBytesPerSecond"), f.swarm("receiveControlBytesPerSecond"),
			f.swarm("bytesPushedToPeers"), f.swarm("fragmentsPushedToPeers"), f.swarm("bytesRequestedByPeers"), f.swarm("fragmentsRequestedByPeers"),
			f.swarm("bytesPushedFromPeers"), f.swarm("fragmentsPushedFromPeers"),
			f.swarm("bytesRequestedFromPeers"), f.swarm("fragmentsRequestedFromPeers"),
			f.swarm("sendControlBytesPerSecondToServer"), f.swarm("receiveDataBytesPerSecondFromServer"),
			f.swarm("bytesReceivedFromServer"), f.swarm("fragmentsReceivedFromServer"), 0, 0, 0);
	}

	public static function stat(p:Playback):Dynamic {
		var f = of(p);
		return {
			route: p.routeName(), peers: p.number("peers"), p2pBytes: f.peers, cdnBytes: f.server, uploadBytes: f.upload,
			offload: f.peers + f.server > 0 ? f.peers / (f.peers + f.server) : 0, delay: p.liveDelay(), buffered: p.bufferLength(), stalls: p.stalls,
			bytesPerSecond: f.currentBytesPerSecond, playbackBytesPerSecond: f.playbackBytesPerSecond, live: f.isLive, duration: p.number("duration")
		};
	}
}
