package superp2p;

import flash.Lib.getTimer;
import flash.events.NetStatusEvent;
import flash.events.TimerEvent;
import flash.utils.Timer;

/**
	What both streams do: it finds a route, fills the buffer, sees what fails, and tells each event once (docs/flash.md). Flash's own
	class decodes; what it tells is kept from the application, but in data generation mode.
**/
class Playback extends Opening {
	static inline var TICK = 50;
	/** How much of a live stream is played at least before it is opened anew, in seconds. **/
	static inline var LEAST = 5;
	/** How long it may be dry in all, until it was not for so long, before it is told that too little comes, in ms. **/
	static inline var DRY = 10000;
	static inline var WELL = 30000;
	/** How long after the end of the bytes the sender may take to say why, in ms. **/
	static inline var CUT = 10000;

	/** What is cut so soon after it was opened anew, in ms, is so no more often than this. **/
	static inline var AGAIN = 5000;
	static inline var MOST_CUTS = 3;

	var cuts = 0;
	var lastCut = 0.0;
	var timer = new Timer(TICK);
	var started = false;
	var full = false;
	var flushed = false;
	var paused = false;
	var pausedAt = 0.0;
	var seeking = false;
	/** Flash's own class has done a seek. **/
	var sought = false;
	var deadline = 0.0;
	var last = 0.0;
	var dry = 0.0;
	var well = 0.0;
	/** The source of a live stream is away. **/
	var away = false;

	public function new(native:Native, home:Home) {
		super(native, home);
		native.addEventListener(NetStatusEvent.NET_STATUS, hear, false, 0x7fffffff);
		timer.addEventListener(TimerEvent.TIMER, function(_) tick());
	}

	// What the application calls.

	public function play(args:Array<Dynamic>):Void {
		var name:Dynamic = args.length > 0 ? args[0] : null;
		var ran = phase != Idle && phase != Over;
		stop();
		if (ran)
			tell("Play.Reset");
		raw = name == null || name == "";
		if (raw) {
			native.nativePlay(null);
			return;
		}
		settings = new Settings(name, args.length > 1 ? args[1] : null, home, kept);
		phase = Opening;
		moved = last = getTimer();
		deadline = last + settings.startTimeout;
		timer.start();
		// A failure is told later: whoever calls play attaches the stream after that, and a fallback would be hidden by it.
		routes = settings.wrong == null ? Routes.of(settings) : [];
		reason = settings.wrong != null ? settings.wrong : settings.requireP2P ? "no way by which bytes come from peers is here: install superp2p's proxy, or allow the server"
			: "no server is known: load the SWF from it, or name it as config.server";
	}

	public function pause():Void {
		if (raw) {
			native.nativePause();
		} else if (!paused && phase != Idle && phase != Over) {
			paused = true;
			pausedAt = getTimer();
			if (phase == Running)
				native.nativePause();
			tell("Pause.Notify");
		}
	}

	public function resume():Void {
		if (raw) {
			native.nativeResume();
		} else if (paused) {
			paused = false;
			if (session == null)
				reopen(0);
			else if (phase == Running)
				native.nativeResume();
			tell("Unpause.Notify");
		}
	}

	public function togglePause():Void {
		if (paused)
			resume();
		else
			pause();
	}

	public function seek(to:Float):Void {
		if (raw) {
			native.nativeSeek(to);
			return;
		}
		if (phase == Idle || failed)
			return;
		if (phase == Opening || phase == Waiting) { // it starts there
			from = Math.max(0, to);
			if (session != null)
				session.aim(settings, from);
			return;
		}
		if (said() == null) {
			reopen(to);
			return;
		}
		if (isLive()) {
			seekLive(Math.max(0, to));
			return;
		}
		var length = until != null ? until : duration() > 0 ? base + duration() : 0;
		if (length > 0 && to > length) {
			tell("Seek.InvalidTime", "error", "the film ends before that", length);
			return;
		}
		tell("SeekStart.Notify");
		if (full)
			tell("Buffer.Empty");
		full = flushed = stopped = false;
		seeking = true;
		timer.start();
		reopen(Math.max(0, to));
	}

	public function close():Void {
		raw = false;
		stop();
		native.nativePause();
		native.nativeClose();
	}

	/** Seeks in what is held of a live stream. **/
	function seekLive(to:Float):Void {}

	/** Switches giving to peers. **/
	public function share(on:Bool):Void {
		kept.upload = on;
		if (session != null)
			session.share(on);
	}

	// How it goes.

	/** Ends what is played without a word. **/
	function stop():Void {
		if (phase == Running)
			native.nativePause();
		retire();
		phase = Idle;
		dry = well = 0;
		away = false;
		started = full = flushed = paused = seeking = failed = stopped = false;
		routes = [];
		forget();
		if (old == null)
			timer.stop();
	}

	function tick():Void {
		var now = getTimer();
		var took = now - last;
		if (took > 2000) { // the page was hidden, and Flash with it
			deadline += now - last;
			moved += now - last;
			took = 0;
		}
		last = now;
		if (phase == Idle || phase == Over) {
			old = null;
			timer.stop();
		} else if (!started && now > deadline) {
			fail("Play.Failed", "nothing came that can be played, in the time that startTimeout allows");
		} else if (phase == Opening && session == null) {
			nextRoute();
		} else if (phase == Waiting) {
			wait();
		} else if (session != null && phase != Opening) {
			session.tick(now);
			if (measure(now)) {
				moved = now;
				if (stopped && phase == Running && !paused)
					native.nativeResume(); // it was the end of what was played before
				stopped = false;
			}
			miss(now);
			if (phase == Filling || phase == Running) // nobody has called from a listener
				advance(now);
			watch(took);
		}
	}

	/** Tells when the source goes away and comes back. Its server says when it is lost for good. **/
	function miss(now:Float):Void {
		var gone = started && said() != null && said().away == true;
		if (gone)
			moved = now;
		if (gone == away)
			return;
		away = gone;
		if (gone)
			tell("Play.UnpublishNotify");
		else if (session.failure == null && !session.over)
			tell("Play.PublishNotify");
	}

	/** Tells when too little comes, once until it was well for long. **/
	function watch(took:Float):Void {
		if (paused || away || phase != Running && (phase != Filling || stalls == 0 || full))
			return;
		if (phase == Running) {
			well += took;
			if (well >= WELL)
				dry = 0;
			return;
		}
		well = 0;
		if (dry < DRY && dry + took >= DRY)
			tell("Play.InsufficientBW", "warning", "less comes than the stream needs");
		dry += took;
	}

	function advance(now:Float):Void {
		if (session.cut && !started) {
			session.lose("the connection to the " + session.route.name + " was cut");
		} else if (session.cut) {
			cuts = now - lastCut < AGAIN ? cuts + 1 : 1;
			lastCut = now;
			if (cuts > MOST_CUTS)
				fail("Play.Failed", "the connection to the " + session.route.name + " is cut again and again");
			else
				reopen(isLive() ? 0 : time());
			return;
		}
		var complete = session.complete(loaded()), held = bufferLength();
		if (session.failure != null && received() == 0 && !started && routes.length > 0) { // refused: another way may have it
			reason = session.failure;
			retire();
			phase = Opening;
			nextRoute();
			return;
		}
		if (session.failure != null && (held < 0.1 || stopped || paused && !started)) {
			fail(session.failureCode, session.failure);
			return;
		}
		if (stopped && !session.over && now - moved > CUT) {
			fail("Play.Failed", "the connection to the " + session.route.name + " was cut");
			return;
		}
		if (isLive() && paused && now - pausedAt > kept.maxPauseBufferTime * 1000) {
			base = time();
			retire();
			return;
		}
		if (phase == Filling)
			fill(now, complete, held);
		else
			run(complete, held);
	}

	function fill(now:Float, complete:Bool, held:Float):Void {
		if (received() <= 0) {
			if (complete && session.failure == null)
				fail("Play.NoSupportedTrackFound", "it ended without a frame");
			else if (now - moved > settings.stallTimeout)
				fail("Play.Failed", "nothing came for as long as stallTimeout allows");
			return;
		}
		if (!arrive())
			return;
		if (!started) {
			started = true;
			tell("Play.Start");
		}
		if (phase != Filling)
			return;
		if (seeking) {
			seeking = false;
			release();
			tell("Seek.Notify");
		}
		if (held >= need() || complete) {
			if (phase != Filling)
				return;
			phase = Running;
			release();
			if (!paused)
				native.nativeResume();
			if (!full && (!complete || held >= 0.06)) { // at the end nothing may be held
				full = true;
				tell("Buffer.Full");
			}
		} else if (now - moved > settings.stallTimeout && !paused) {
			fail("Play.Failed", "nothing came for as long as stallTimeout allows");
		}
	}

	/** The first frame is here. It returns whether it is to be played. **/
	function arrive():Bool {
		return true;
	}

	function run(complete:Bool, held:Float):Void {
		if (until != null && newest() >= until) {
			session.end();
			complete = true;
		}
		if (complete && session.failure == null) {
			if (!flushed) {
				flushed = true;
				tell("Buffer.Flush");
			}
			if (phase == Running && !paused && (held < 0.06 || stopped))
				finish();
		} else if (held < 0.06 && !paused && session.failure == null) {
			native.nativePause();
			phase = Filling;
			moved = last;
			full = false;
			stalls++;
			tell("Buffer.Empty");
		} else if (isLive() && loaded() > settings.memory && native.nativeTime() > LEAST + held) { // most of it was played
			reopen(0);
		}
	}

	function finish():Void {
		native.nativePause();
		phase = Over;
		timer.stop();
		tell("Play.Stop");
		status({code: "NetStream.Play.Complete", level: "status", duration: time(), bytes: loaded()});
	}

	override function fail(code:String, why:String):Void {
		var target = settings.target;
		if (phase == Running)
			native.nativePause();
		retire();
		routes = [];
		phase = Over;
		failed = true;
		if (old == null)
			timer.stop();
		tell(code, "error", why, target);
	}

	/** Tells the application's client. **/
	function status(info:Dynamic):Void {
		var client:Dynamic = native.nativeClient();
		try {
			if (untyped __typeof__(Reflect.field(client, "onPlayStatus")) == "function")
				client.onPlayStatus(info);
		} catch (e:Dynamic) {} // the application's own
	}

	/** Hears what Flash's own class tells. **/
	function hear(e:NetStatusEvent):Void {
		if (raw || Std.isOfType(e, Told) || e.info.code == "NetStream.Video.DimensionChange")
			return;
		e.stopImmediatePropagation();
		switch (e.info.code) {
			case "NetStream.Play.Stop":
				stopped = phase == Running;
			case "NetStream.Seek.Notify", "NetStream.Seek.Complete", "NetStream.Seek.Failed", "NetStream.Seek.InvalidTime":
				sought = true;
			case "NetStream.Play.StreamNotFound", "NetStream.Play.FileStructureInvalid", "NetStream.Play.NoSupportedTrackFound":
				if (opened && phase != Over && session.failure == null)
					fail(e.info.code == "NetStream.Play.StreamNotFound" ? "Play.Failed" : e.info.code.substr(10), "Flash Player cannot play what came");
		}
	}

	function tell(code:String, level = "status", ?description:String, ?details:Dynamic):Void {
		native.dispatchEvent(new Told(code, level, description, details));
	}
}
