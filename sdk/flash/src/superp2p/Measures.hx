package superp2p;

/** How far a playback is, from what Flash's own class has and what the sender says. **/
class Measures {
	/** How much of a live stream is held before it plays, in seconds: slices come four a second. **/
	static inline var LIVE_LEAST = 0.6;

	public var mostRate(default, null) = 0.0;
	public var stalls(default, null) = 0;
	/** What onMetaData said, if the application has no client of its own. **/
	public var metaData:Dynamic;
	public var kept(default, null) = new Kept();

	var native:Native;
	var home:Home;
	var settings:Settings;
	var session:Session;
	var lastRoute:Route;
	var phase:Phase = Idle;
	var failed = false;
	var raw = false;

	/** Flash's own class was told to play the session. **/
	var opened = false;
	/** It still has what it had before. **/
	var stale = false;
	var before = 0.0;
	var beforeTime = 0.0;
	/** The time at which what is played is at its 0: that of a live stream before it was opened anew, the end of what it was appended to. **/
	var base = 0.0;
	/** Where a film begins that is opened anew. **/
	var from = 0.0;
	/** The time at which a part ends, of which no more is to be played. **/
	var until:Null<Float>;
	var held:Null<Float>;

	var rates:Array<Float> = [];
	var measured = 0.0;
	var seen = 0.0;

	function new(native:Native, home:Home) {
		this.native = native;
		this.home = home;
	}

	public function said():Dynamic {
		return session == null || session.said.state == "unknown" ? null : session.said;
	}

	public function number(key:String):Float {
		var answer = said(), value:Dynamic = answer == null ? null : Reflect.field(answer, key);
		return value == null ? 0 : value;
	}

	public function isLive():Bool {
		var answer = said();
		return answer != null && answer.live == true;
	}

	/** How long a film is, in seconds; 0 if that is not known. **/
	function duration():Float {
		return number("duration");
	}

	/** How many bytes of the session are here. **/
	public function loaded():Float {
		if (!opened)
			return 0;
		var n = native.nativeLoaded();
		if (stale && (n != before || native.nativeTime() < beforeTime))
			stale = false;
		return stale ? 0 : n;
	}

	/** Remembers what Flash's own class still has of what was played before. **/
	function mark():Void {
		before = native.nativeLoaded();
		beforeTime = native.nativeTime();
		stale = before > 0;
		seen = 0;
	}

	function received():Float {
		return session == null ? 0 : session.received(loaded());
	}

	public function time():Float {
		if (raw)
			return native.nativeTime();
		if (held != null)
			return held;
		if (!opened)
			return base;
		return base + number("start") + Math.min(native.nativeTime(), received());
	}

	/** Has time stand at a moment until release. **/
	function hold(at:Float):Void {
		if (session != null && isLive())
			base = time();
		held = session == null || isLive() ? base : at;
	}

	function release():Void {
		held = null;
	}

	function forget():Void {
		held = null;
		metaData = null;
		base = 0;
		from = 0;
		until = null;
		stalls = 0;
		rates = [];
		mostRate = 0;
	}

	public function bufferLength():Float {
		if (raw || !opened || stale)
			return 0;
		var held = received() - (phase == Filling && native.nativeTime() > received() ? received() : native.nativeTime());
		return Math.max(0, until != null ? Math.min(held, until - time()) : held);
	}

	/** How much is to be held before it plays. **/
	function need():Float {
		var wanted = kept.bufferTime;
		return isLive() ? Math.max(wanted, LIVE_LEAST) : wanted;
	}

	/** Up to which time it is here. **/
	function newest():Float {
		return base + number("start") + received();
	}

	/** How far back a live stream may be sought in. **/
	public function backBufferLength():Float {
		return raw || !opened || stale ? 0 : Math.max(0, Math.min(kept.backBufferTime, time() - base - number("start")));
	}

	/** How many pictures a second of it has, 0 if that is not known. **/
	function pictures():Float {
		return number("time") > 0 ? number("frames") / number("time") : 0;
	}

	public function currentFPS():Float {
		return phase == Running && held == null ? pictures() : 0;
	}

	public function decodedFrames():Float {
		return opened && !stale ? pictures() * Math.min(native.nativeTime(), received()) : 0;
	}

	/** What FLV calls the codec of a kind. **/
	public function codec(kind:String):Int {
		return Std.int(number(kind));
	}

	public function liveDelay():Float {
		return isLive() ? number("delay") + bufferLength() : 0;
	}

	public function bytesTotal():Float {
		if (raw)
			return native.nativeTotal();
		return Math.max(loaded(), session != null && session.over ? 0 : number("size"));
	}

	/** Takes how much came, and tells whether anything did. **/
	function measure(now:Float):Bool {
		var n = loaded();
		if (now - measured >= 1000) {
			var rate = Math.max(0, n - seen) * 1000 / (now - measured);
			seen = n;
			measured = now;
			rates.push(rate);
			if (rates.length > 5)
				rates.shift();
			mostRate = Math.max(mostRate, rate);
			return rate > 0;
		}
		return n > seen;
	}

	/** Bytes that came in a second, of late. **/
	public function rate():Float {
		var sum = 0.0;
		for (r in rates)
			sum += r;
		return rates.length > 0 ? sum / rates.length : 0;
	}

	/** Bytes that a second of it has. **/
	public function playedRate():Float {
		var t = received();
		return t > 0 ? loaded() / t : 0;
	}

	public function routeName():String {
		return session == null ? "" : session.route.name;
	}

	public function uri():String {
		return session == null ? null : session.url;
	}

	public function target():String {
		return settings == null ? null : settings.target;
	}
}
