package superp2p;

import StringTools.urlEncode as encode;

/** HTTP-FLV from the server itself. **/
class ServerRoute implements Route {
	public var name(default, null) = "server";
	public var peers(default, null) = false;

	var base:String;

	public function new(base:String) {
		this.base = base;
	}

	public function media(settings:Settings, id:String, start:Float):String {
		return base + "/v1/flv?" + (settings.isURL() ? "url=" : "channel=") + encode(settings.target) + "&session=" + id
			+ (start > 0 ? "&start=" + start : "") + (settings.tracks() != null ? "&tracks=" + settings.tracks() : "")
			+ (settings.delay > 0 ? "&delay=" + settings.delay : "");
	}

	public function probe(settings:Settings, id:String, limit:Int, there:Void->Void, not:String->Void):Ask {
		return ask(id, false, limit, HTTPAsk.isState(there, not), not);
	}

	public function ask(id:String, end:Bool, limit:Int, done:Dynamic->Void, failed:String->Void):Ask {
		return new HTTPAsk(base + "/v1/session?id=" + id + (end ? "&end=1" : ""), limit, done, failed);
	}

	public function share(id:String, on:Bool):Void {}
}
