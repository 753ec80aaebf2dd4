package superp2p;

import StringTools.urlEncode as encode;
import flash.external.ExternalInterface;

/** FLV of the page's own engine, where the page has the page SDK (docs/web.md): superp2p.flash says where it is. **/
class PageRoute implements Route {
	public var name(default, null) = "page";
	public var peers(default, null) = true;

	/** What is played by now, and what was played before it. **/
	var current:String;
	var before:String;

	public function new() {}

	public function media(settings:Settings, id:String, start:Float):String {
		if (id != current) {
			before = current;
			current = id;
		}
		// No JSON: Flash Player hands on backslashes as they are.
		return call("open", id, "target=" + encode(settings.target) + "&start=" + start + "&startTimeout=" + settings.startTimeout / 1000
			+ "&stallTimeout=" + settings.stallTimeout / 1000 + (settings.named == null ? "" : "&server=" + encode(settings.named))
			+ (settings.delay > 0 ? "&delay=" + settings.delay : "") + (before == null ? "" : "&after=" + before) + (settings.quiet() ? "&upload=false" : "")
			+ (settings.tracks() == null ? "" : "&tracks=" + settings.tracks()));
	}

	public function probe(settings:Settings, id:String, limit:Int, there:Void->Void, not:String->Void):Ask {
		return new PageAsk(function() return call("ready", settings.requireP2P), limit, function(answer) {
			if (answer.ready == true)
				there();
			else
				not(answer.why);
		}, not);
	}

	public function ask(id:String, end:Bool, limit:Int, done:Dynamic->Void, failed:String->Void):Ask {
		return new PageAsk(function() return call(end ? "end" : "state", id), limit, done, failed);
	}

	public function share(id:String, on:Bool):Void {
		call("upload", id, on);
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
