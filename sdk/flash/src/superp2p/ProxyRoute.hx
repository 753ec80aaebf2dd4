package superp2p;

import StringTools.urlEncode as encode;

/** HTTP-FLV of a superp2p proxy on this computer (docs/proxy.md). **/
class ProxyRoute implements Route {
	public var name(default, null) = "proxy";
	public var peers(default, null) = true;

	var base:String;

	public function new(base:String) {
		this.base = base;
	}

	public function media(settings:Settings, id:String, start:Float):String {
		var at = address(settings);
		return base + at + (at.indexOf("?") < 0 ? "?" : "&") + "as=flv&superp2p_session=" + id + (start > 0 ? "&start=" + start : "")
			+ (settings.delay > 0 ? "&superp2p_delay=" + settings.delay : "") + (settings.quiet() ? "&superp2p_share=off" : "")
			+ (settings.tracks() != null ? "&superp2p_tracks=" + settings.tracks() : "");
	}

	/** The place of a stream at the proxy. **/
	function address(settings:Settings):String {
		if (!settings.isURL())
			return "/channel/" + encode(settings.target).split("%2F").join("/") + ".flv";
		var parts = settings.target.split("#")[0].split("://");
		var scheme = parts.shift().toLowerCase(), rest = parts.join("://");
		if (scheme.indexOf("http") != 0) { // named without an ending
			var query = rest.indexOf("?");
			rest = query < 0 ? rest + ".flv" : rest.substr(0, query) + ".flv" + rest.substr(query);
		}
		return "/" + scheme + "/" + rest;
	}

	public function probe(settings:Settings, id:String, limit:Int, there:Void->Void, not:String->Void):Ask {
		return ask(id, false, limit, HTTPAsk.isState(there, not), not);
	}

	public function ask(id:String, end:Bool, limit:Int, done:Dynamic->Void, failed:String->Void):Ask {
		return new HTTPAsk(base + "/session?id=" + id + (end ? "&end=1" : ""), limit, done, failed);
	}

	public function share(id:String, on:Bool):Void {
		var ignore = function(_:Dynamic) {};
		new HTTPAsk(base + "/session?id=" + id + "&share=" + (on ? "on" : "off"), 2000, ignore, ignore);
	}
}
