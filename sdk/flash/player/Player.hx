import flash.display.Loader;
import flash.display.Sprite;
import flash.events.Event;
import flash.events.NetStatusEvent;
import flash.external.ExternalInterface;
import flash.media.Video;
import flash.net.NetStream;
import flash.net.URLRequest;

/**
	A player for a page that has no ActionScript of its own. FlashVars: url, what is played; config, as JSON; sdk, where superp2p.swf is, if not
	beside this one. It calls superp2pEvent(code, level, description) in the page, and answers p2pStat().
**/
@:keep class Player extends Sprite {
	var stream:NetStream;

	public function new() {
		super();
		var boot:Dynamic = untyped __global__["flash.utils.getDefinitionByName"]("boot_play"); // as in SuperP2P
		untyped __new__(boot);
		addEventListener(Event.ADDED_TO_STAGE, begin);
		if (stage != null)
			begin(null);
	}

	function begin(_:Event):Void {
		removeEventListener(Event.ADDED_TO_STAGE, begin);
		var vars:Dynamic = loaderInfo.parameters;
		var video = new Video(640, 360);
		addChild(video);
		var loader = new Loader();
		loader.contentLoaderInfo.addEventListener(Event.COMPLETE, function(e:Event) {
			stream = e.currentTarget.content.stream;
			stream.client = {onMetaData: function(_:Dynamic) {}};
			stream.addEventListener(NetStatusEvent.NET_STATUS, function(e:NetStatusEvent) {
				ExternalInterface.call("superp2pEvent", e.info.code, e.info.level, e.info.description);
			});
			stream.play(vars.url, vars.config == null ? null : haxe.Json.parse(vars.config));
			video.attachNetStream(stream);
		});
		ExternalInterface.addCallback("p2pStat", function():Dynamic return stream == null ? null : (cast stream : Dynamic).p2pStat());
		var own = loaderInfo.url.split("?")[0];
		loader.load(new URLRequest(vars.sdk == null ? own.substr(0, own.lastIndexOf("/")) + "/superp2p.swf" : vars.sdk));
	}

	static function main() {}
}
