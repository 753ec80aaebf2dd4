package superp2p;

/** One answer of FLV: how far it is, as who sends it says. **/
class Session {
	/** How often it is asked about, in ms, and how often in vain before it counts as lost. **/
	static inline var SOON = 100;
	static inline var OFTEN = 300;
	static inline var SELDOM = 1000;
	static inline var VAIN = 3;
	static inline var LIMIT = 3000;

	public var route(default, null):Route;
	/** What was said last. **/
	public var said(default, null):Dynamic = {state: "unknown"};
	/** Nothing more will be sent. **/
	public var over(default, null) = false;
	/** The bytes broke off: another session may go on. **/
	public var cut(default, null) = false;
	/** Why nothing more will be sent, if that is a failure. **/
	public var failure(default, null):String;
	public var failureCode(default, null) = "Play.Failed";
	public var url(default, null):String;

	var settings:Settings;
	var start:Float;
	var id:String;
	var asking:Ask;
	var due = 0.0;
	var vain = 0;
	var known = false;
	var sizes:Array<Float> = [0];
	var times:Array<Float> = [0];
	var quiet = false;

	public function new(route:Route, settings:Settings, start:Float) {
		this.route = route;
		var digits = "0123456789abcdefghijklmnopqrstuvwxyz", text = new StringBuf();
		for (i in 0...26)
			text.add(digits.charAt(Std.random(digits.length)));
		id = text.toString();
		aim(settings, start);
	}

	/** Has it begin elsewhere, before it has begun. **/
	public function aim(settings:Settings, start:Float):Void {
		this.settings = settings;
		this.start = start;
		url = route.media(settings, id, start);
	}

	/** Finds out whether the route is there. **/
	public function probe(limit:Int, there:Void->Void, not:String->Void):Void {
		asking = route.probe(settings, id, limit, function() {
			asking = null;
			aim(settings, start); // now that it is there
			there();
		}, function(why) {
			asking = null;
			not(why);
		});
	}

	public function tick(now:Float):Void {
		if (over || asking != null || now < due)
			return;
		asking = route.ask(id, false, LIMIT, take, function(why) {
			asking = null;
			due = now + OFTEN;
			if (++vain >= VAIN)
				lose("the " + route.name + " went away: " + why);
		});
		due = now + (times.length < 2 ? SOON : times.length < 6 ? OFTEN : SELDOM);
	}

	function take(answer:Dynamic):Void {
		asking = null;
		vain = 0;
		if (answer.state == "unknown") {
			if (known)
				lose("the " + route.name + " was started anew");
			return;
		}
		known = true;
		said = answer;
		var bytes:Float = answer.bytes, time:Float = answer.time;
		if (bytes > sizes[sizes.length - 1]) {
			sizes.push(bytes);
			times.push(time);
			if (sizes.length > 600) { // of a long stream the recent past is enough
				sizes.shift();
				times.shift();
			}
		}
		cut = answer.state == "cut";
		over = cut || answer.state == "ended" || answer.state == "failed";
		if (answer.state == "failed") {
			failure = answer.message;
			if (answer.event != null)
				failureCode = answer.event;
		}
	}

	/** Gives it up. **/
	public function lose(why:String):Void {
		over = true;
		cut = false;
		failure = why;
	}

	/** Whether all that was sent is here, if so many bytes are. **/
	public function complete(loaded:Float):Bool {
		return over && (vain >= VAIN || loaded >= sizes[sizes.length - 1]);
	}

	/** Whether it was said that it was not opened, or ended, without a frame. **/
	public function barren():Bool {
		return over && sizes.length < 2;
	}

	/** Whether there is something to wait for after end. **/
	public function arriving(loaded:Float):Bool {
		return !cut && (!over || loaded < sizes[sizes.length - 1]);
	}

	/** Up to which time, in seconds since its first frame, FLV is here, if so many bytes are. **/
	public function received(loaded:Float):Float {
		var i = sizes.length - 1;
		while (i > 0 && sizes[i] > loaded)
			i--;
		if (i < sizes.length - 1)
			return times[i] + (times[i + 1] - times[i]) * (loaded - sizes[i]) / (sizes[i + 1] - sizes[i]);
		if (i == 0)
			return 0;
		var first = i > 5 ? i - 5 : 0, took = times[i] - times[first];
		return took > 0 ? times[i] + Math.min(2, (loaded - sizes[i]) * took / (sizes[i] - sizes[first])) : times[i];
	}

	/** Switches giving to peers. **/
	public function share(on:Bool):Void {
		route.share(id, on);
	}

	/** Ends it at its sender, which answers how much it had sent. **/
	public function end():Void {
		if (asking != null)
			asking.cancel();
		if (quiet || over)
			return;
		quiet = true;
		asking = route.ask(id, true, LIMIT, take, function(why) {
			vain = VAIN;
			lose(why);
		});
	}
}
