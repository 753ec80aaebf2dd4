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
	/** How many bytes of a live stream Flash's own class keeps before it is opened anew. **/
	public var memory(default, null) = 48.0 * 1024 * 1024;
	/** How long a start may take, and how long nothing may come, in ms. **/
	public var startTimeout(default, null) = 10000;
	public var stallTimeout(default, null) = 20000;
	/** Why it cannot be played; null if it can. **/
	public var wrong(default, null):String;

	var home:Home;
	var kept:Kept;

	public function new(target:String, config:Dynamic, home:Home, kept:Kept) {
		this.target = target;
		this.home = home;
		this.kept = kept;
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
		memory = 1024 * 1024 * number(Reflect.field(config, "memory"), memory / 1024 / 1024, 1024, "memory", "MiB");
		startTimeout = Std.int(1000 * number(Reflect.field(config, "startTimeout"), startTimeout / 1000, 600, "startTimeout"));
		stallTimeout = Std.int(1000 * number(Reflect.field(config, "stallTimeout"), stallTimeout / 1000, 600, "stallTimeout"));
		if (requireP2P && httpOnly)
			wrong = "requireP2P and httpOnly exclude each other; set one of them";
	}

	/** Whether the target is a URL and no channel id. **/
	public function isURL():Bool {
		return target.indexOf("://") > 0;
	}

	/** The same for something else. **/
	public function of(name:String):Settings {
		var s = new Settings(name, null, home, kept);
		s.server = server;
		s.named = named;
		s.page = page;
		s.proxy = proxy;
		s.delay = delay;
		s.requireP2P = requireP2P;
		s.httpOnly = httpOnly;
		s.upload = upload;
		s.memory = memory;
		s.startTimeout = startTimeout;
		s.stallTimeout = stallTimeout;
		return s;
	}

	/** The one kind of track that is to be sent, null for both. **/
	public function tracks():String {
		return kept.tracks();
	}

	/** Whether peers are given nothing. **/
	public function quiet():Bool {
		return kept.upload != null ? !kept.upload : !upload;
	}

	function number(value:Dynamic, otherwise:Float, most:Float, name:String, of = "seconds"):Float {
		if (value == null || value == "" || value == 0)
			return otherwise;
		var n = Std.parseFloat(Std.string(value));
		if (!(n > 0 && n <= most)) {
			wrong = name + " must be a number of " + of + ", at most " + most;
			return otherwise;
		}
		return n;
	}
}
