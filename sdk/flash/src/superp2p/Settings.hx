package superp2p;

/** What play was told: what to play and how. **/
class Settings {
	/** What is played, as the application named it: a URL, or a channel id. **/
	public var target(default, null):String;
	public var server(default, null):String;
	/** The server, if somebody has named it: it need not be the SWF's own. **/
	public var named(default, null):String;
	/** Whether the page's own engine may play. **/
	public var page(default, null) = true;
	public var proxy(default, null):String;
	/** Seconds behind live, 0 for what the route takes by itself. **/
	public var delay(default, null) = 0.0;
	public var requireP2P(default, null) = false;
	public var httpOnly(default, null) = false;
	public var upload(default, null) = true;
	/** How long a start may take, and how long nothing may come, in ms. **/
	public var startTimeout(default, null) = 10000;
	public var stallTimeout(default, null) = 20000;
	/** Why it cannot be played; null if it can. **/
	public var wrong(default, null):String;

	public function new(target:String, config:Dynamic, home:Home) {
		this.target = target;
		server = home.server();
		named = home.variable("server") == null ? null : server;
		page = home.variable("page") != "off";
		proxy = home.proxy();
		delay = number(home.variable("delay"), 0, 30, "delay");
		requireP2P = home.variable("requireP2P") == "true";
		if (config == null || untyped __typeof__(config) != "object") // a start, say, of NetStream.play itself
			return;
		var channel:Dynamic = Reflect.field(config, "channel");
		if (channel != null && channel != "")
			this.target = channel;
		var text:Dynamic = Reflect.field(config, "server");
		if (text != null && text != "")
			server = named = Home.tidy(text);
		if (Reflect.field(config, "page") == "off")
			page = false;
		text = Reflect.field(config, "proxy");
		if (text != null && text != "")
			proxy = text == "off" ? null : Home.tidy(text);
		delay = number(Reflect.field(config, "delay"), delay, 30, "delay");
		requireP2P = requireP2P || Reflect.field(config, "requireP2P") == true;
		httpOnly = Reflect.field(config, "httpOnly") == true;
		upload = Reflect.field(config, "upload") != false;
		startTimeout = Std.int(1000 * number(Reflect.field(config, "startTimeout"), startTimeout / 1000, 600, "startTimeout"));
		stallTimeout = Std.int(1000 * number(Reflect.field(config, "stallTimeout"), stallTimeout / 1000, 600, "stallTimeout"));
		if (requireP2P && httpOnly)
			wrong = "requireP2P and httpOnly exclude each other; set one of them";
	}

	/** Whether the target is a URL and no channel id. **/
	public function isURL():Bool {
		return target.indexOf("://") > 0;
	}

	function number(value:Dynamic, otherwise:Float, most:Float, name:String):Float {
		if (value == null || value == "" || value == 0)
			return otherwise;
		var n = Std.parseFloat(Std.string(value));
		if (!(n > 0 && n <= most)) {
			wrong = name + " must be a number of seconds, at most " + most;
			return otherwise;
		}
		return n;
	}
}
