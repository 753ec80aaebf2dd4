package superp2p;

import flash.display.LoaderInfo;
import flash.display.Sprite;

/** What the SWF knows of where it is: its server from its own URL, and FlashVars. **/
class Home {
	static inline var PROXY = "http://127.0.0.1:16080";

	var root:Sprite;

	public function new(root:Sprite) {
		this.root = root;
	}

	/** The server's URL without a slash at its end, null if the SWF comes from no server. **/
	public function server():String {
		var url = variable("server");
		if (url != null)
			return tidy(url);
		try {
			url = root.loaderInfo.url;
		} catch (e:Dynamic) {}
		if (url == null || url.indexOf("http") != 0)
			return null;
		url = url.split("?")[0];
		var at = url.lastIndexOf("/sdk/");
		if (at < 0)
			at = url.indexOf("/", url.indexOf("//") + 2);
		return at < 0 ? url : url.substr(0, at);
	}

	/** Where a local proxy may be, null if none is to be looked for. **/
	public function proxy():String {
		var url = variable("proxy");
		return url == "off" ? null : url == null ? PROXY : tidy(url);
	}

	/** A FlashVar: in the SWF's own URL, or of the program that loads it, where that may be read. **/
	public function variable(name:String):String {
		var from = [own, loaders, page];
		for (get in from) {
			try {
				var value:Dynamic = Reflect.field(get().parameters, name);
				if (value != null && value != "")
					return value;
			} catch (e:Dynamic) {} // not there yet, or of another domain
		}
		return null;
	}

	function own():LoaderInfo {
		return root.loaderInfo;
	}

	function loaders():LoaderInfo {
		return root.loaderInfo.loader.loaderInfo;
	}

	function page():LoaderInfo {
		return root.loaderInfo.loader.stage.loaderInfo;
	}

	public static function tidy(url:String):String {
		while (url.charAt(url.length - 1) == "/")
			url = url.substr(0, url.length - 1);
		return url;
	}
}
