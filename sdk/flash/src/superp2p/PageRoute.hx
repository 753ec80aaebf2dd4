package superp2p;

import flash.external.ExternalInterface;

/** FLV of the page's own engine, where the page has the page SDK (docs/web.md): superp2p.flash says where it is. **/
class PageRoute implements Route {
	public var name(default, null) = "page";
	public var peers(default, null) = true;

	/** What is played by now, and what was played before it. **/
	var current:String;
	var before:String;
	var gives = true;

	public function new() {}

	public function media(settings:Settings, id:String, start:Float):String {
		if (id != current) {
			before = current;
			current = id;
		}
		var wishes:Dynamic = {
			target: settings.target, start: start, startTimeout: settings.startTimeout / 1000, stallTimeout: settings.stallTimeout / 1000
		};
		if (settings.named != null)
			wishes.server = settings.named;
		if (settings.delay > 0)
			wishes.delay = settings.delay;
		if (before != null)
			wishes.after = before;
		if (!gives)
			wishes.upload = false;
		// Flash Player hands on backslashes as they are, so that quotes would end.
		return call("open", id, StringTools.urlEncode(haxe.Json.stringify(wishes)));
	}

	public function probe(settings:Settings, id:String, limit:Int, there:Void->Void, not:String->Void):Ask {
		return new PageAsk(function() {
			var ready = call("ready", settings.requireP2P);
			return ready == "soon" ? "" : ready == null ? null : haxe.Json.stringify({ready: ready});
		}, limit, function(answer) {
			if (answer.ready == "yes")
				there();
			else
				not(answer.ready);
		}, not);
	}

	public function ask(id:String, end:Bool, limit:Int, done:Dynamic->Void, failed:String->Void):Ask {
		return new PageAsk(function() return call(end ? "end" : "state", id), limit, done, failed);
	}

	public function share(on:Bool):Void {
		gives = on;
		call("upload", current, on);
	}

	/** Calls the page's SDK; null where there is none, or the page lets no SWF call it. **/
	function call(name:String, first:Dynamic, ?second:Dynamic):String {
		try {
			if (!ExternalInterface.available)
				return null;
			var answer:Dynamic = ExternalInterface.call("superp2p.flash." + name, first, second);
			return answer == null ? null : Std.string(answer);
		} catch (e:Dynamic) { // allowScriptAccess, or the page's own
			return null;
		}
	}
}
