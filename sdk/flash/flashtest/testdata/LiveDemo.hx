import flash.display.Loader;
import flash.display.Sprite;
import flash.display.StageScaleMode;
import flash.events.Event;
import flash.events.NetStatusEvent;
import flash.external.ExternalInterface;
import flash.media.Video;
import flash.net.NetConnection;
import flash.net.NetStream;
import flash.net.NetStreamPlayOptions;
import flash.net.URLRequest;

/** The example of the interface document, line by line, with what a test looks at beside it. **/
class LiveDemo extends Sprite {
	private var _P2PNetStream:NetStream = null;
	private var _video:Video;
	private var vars:Dynamic;
	private var told:Array<String> = [];

	public function new(stage:flash.display.Stage, vars:Dynamic) {
		super();
		this.vars = vars;
		_video = new Video(640, 480);
		addChild(_video);
		stage.scaleMode = StageScaleMode.NO_SCALE;
		var loadSuccess = function(e:Event):Void {
			_P2PNetStream = e.currentTarget.content.stream;
			_P2PNetStream.addEventListener(NetStatusEvent.NET_STATUS, onPlayStatus);
			_P2PNetStream.client = {onMetaData: onMetaData, onPlayStatus: onEnd};
			say("play");
			if (vars.config != null)
				_P2PNetStream.play(vars.url, haxe.Json.parse(vars.config));
			else
				_P2PNetStream.play(vars.url);
			_video.attachNetStream(_P2PNetStream);
		}
		var loader:Loader = new Loader();
		loader.contentLoaderInfo.addEventListener(Event.COMPLETE, loadSuccess);
		loader.load(new URLRequest(vars.sdk));
		if (!ExternalInterface.available)
			return; // the page is deaf
		ExternalInterface.addCallback("look", look);
		ExternalInterface.addCallback("act", act);
	}

	private function onPlayStatus(e:NetStatusEvent):Void {
		told.push(e.info.code.substr(10));
		say(e.info.code + " " + e.info.level + " " + e.info.description);
		if (e.info.code == "NetStream.Play.Failed" && vars.cdn != null) {
			var connection = new NetConnection();
			connection.connect(null);
			var plain = new NetStream(connection);
			plain.client = {};
			_video.attachNetStream(plain);
			plain.play(vars.cdn);
		}
	}

	private function onMetaData(o:Dynamic):Void {
		say("onMetaData " + o.width + "x" + o.height + " " + o.duration);
	}

	private function onEnd(o:Dynamic):Void {
		told.push(o.code.substr(10));
	}

	private function say(text:String):Void {
		if (ExternalInterface.available)
			ExternalInterface.call("said", text);
	}

	private function look():String {
		var s = _P2PNetStream;
		if (s == null)
			return "{}";
		return haxe.Json.stringify({
			told: told, time: s.time, bufferLength: s.bufferLength, bufferTime: s.bufferTime, loaded: s.bytesLoaded, total: s.bytesTotal,
			liveDelay: s.liveDelay, fps: s.currentFPS, decoded: s.decodedFrames, videoCodec: s.videoCodec, audioCodec: s.audioCodec,
			backBufferTime: s.backBufferTime, backBufferLength: s.backBufferLength, maxPauseBufferTime: s.maxPauseBufferTime,
			volume: s.soundTransform.volume, limit: s.multicastPushNeighborLimit,
			info: {
				rate: s.info.currentBytesPerSecond, bytes: s.info.byteCount, most: s.info.maxBytesPerSecond, audio: s.info.audioByteCount,
				video: s.info.videoByteCount, played: s.info.playbackBytesPerSecond, held: s.info.videoBufferLength, uri: s.info.uri,
				name: s.info.resourceName, live: s.info.isLive, dropped: s.info.droppedFrames, loss: s.info.videoLossRate
			},
			multicastInfo: {
				taken: s.multicastInfo.bytesRequestedFromPeers + s.multicastInfo.bytesPushedFromPeers,
				fragments: s.multicastInfo.fragmentsRequestedFromPeers + s.multicastInfo.fragmentsPushedFromPeers, server: s.multicastInfo.bytesReceivedFromServer,
				rate: s.multicastInfo.receiveDataBytesPerSecond, upload: s.multicastInfo.bytesRequestedByPeers + s.multicastInfo.bytesPushedToPeers,
				ip: s.multicastInfo.bytesReceivedFromIPMulticast
			},
			stat: (cast s : Dynamic).p2pStat()
		});
	}

	private function act(what:String, value:Dynamic):Void {
		switch (what) {
			case "seek": _P2PNetStream.seek(value);
			case "pause": _P2PNetStream.pause();
			case "resume": _P2PNetStream.resume();
			case "toggle": _P2PNetStream.togglePause();
			case "close": _P2PNetStream.close();
			case "play": _P2PNetStream.play(value);
			case "playWith": _P2PNetStream.play(vars.url, value);
			case "play2":
				var o = new NetStreamPlayOptions();
				for (key in Reflect.fields(value))
					Reflect.setField(o, key, Reflect.field(value, key));
				_P2PNetStream.play2(o);
			case "step": _P2PNetStream.step(value);
			case "publish": _P2PNetStream.publish(value);
			case "send": _P2PNetStream.send("hello", value);
			case "attach": _P2PNetStream.attach(new NetConnection());
			case "appendBytes": _P2PNetStream.appendBytes(new flash.utils.ByteArray());
			case "receiveAudio": _P2PNetStream.receiveAudio(value);
			case "receiveVideo": _P2PNetStream.receiveVideo(value);
			case "receiveVideoFPS": _P2PNetStream.receiveVideoFPS(value);
			case "volume": _P2PNetStream.soundTransform = new flash.media.SoundTransform(value);
			case "bufferTime": _P2PNetStream.bufferTime = value;
			case "backBufferTime": _P2PNetStream.backBufferTime = value;
			case "maxPauseBufferTime": _P2PNetStream.maxPauseBufferTime = value;
			case "limit": _P2PNetStream.multicastPushNeighborLimit = value;
			case "pauseP2P": (cast _P2PNetStream : Dynamic).pauseP2P();
			case "resumeP2P": (cast _P2PNetStream : Dynamic).resumeP2P();
			case "forget": told = [];
		}
	}

	static function main() {
		var root = flash.Lib.current;
		root.addChild(new LiveDemo(root.stage, root.loaderInfo.parameters));
	}
}
