package superp2p;

import flash.Lib.getTimer;
import flash.events.NetStatusEvent;
import flash.events.TimerEvent;
import flash.net.NetStreamPlayOptions;
import flash.utils.Timer;

/**
	What both streams do: it finds a route, fills the buffer, sees what fails, and tells each event once (docs/flash.md). Flash's own
	class decodes; what it tells is kept from the application, but in data generation mode.
**/
class Playback extends Opening {
	static inline var TICK = 50;
	/** After how many bytes a live stream is opened anew, since Flash's own class keeps all of them. **/
	static inline var ROTATE = 48 * 1024 * 1024;
	/** How long after the end of the bytes the sender may take to say why, in ms. **/
	static inline var CUT = 10000;
	/** How long a live stream stays open while it is paused, in ms. **/
	static inline var PAUSED = 60000;

	var timer = new Timer(TICK);
	var started = false;
	var full = false;
	var flushed = false;
	var paused = false;
	var pausedAt = 0.0;
	var seeking = false;
	var deadline = 0.0;
	var last = 0.0;

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
		settings = new Settings(name, args.length > 1 ? args[1] : null, home);
		phase = Opening;
		moved = last = getTimer();
		deadline = last + settings.startTimeout;
		timer.start();
		// A failure is told later: whoever calls play attaches the stream after that, and a fallback would be hidden by it.
		routes = settings.wrong == null ? Routes.of(settings) : [];
		reason = settings.wrong != null ? settings.wrong : settings.requireP2P ? "no way by which bytes come from peers is here: install superp2p's proxy, or allow the server"
			: "no server is known: load the SWF from it, or name it as config.server";
	}

	public function play2(param:NetStreamPlayOptions):Void {
		if (param != null)
			play([param.streamName]);
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
			tell("Seek.Failed", "error", "a live stream cannot be sought in here");
			return;
		}
		var length = duration();
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

	/** Switches giving to peers. **/
	public function share(on:Bool):Void {
		if (session != null)
			session.route.share(on);
	}

	// How it goes.

	/** Ends what is played without a word. **/
	function stop():Void {
		if (phase == Running)
			native.nativePause();
		retire();
		phase = Idle;
		started = full = flushed = paused = seeking = failed = stopped = false;
		routes = [];
		forget();
		if (old == null)
			timer.stop();
	}

	function tick():Void {
		var now = getTimer();
		if (now - last > 2000) { // the page was hidden, and Flash with it
			deadline += now - last;
			moved += now - last;
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
			advance(now);
		}
	}

	function advance(now:Float):Void {
		if (session.cut && started) {
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
		if (isLive() && paused && now - pausedAt > PAUSED) {
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
			if (!full) {
				full = true;
				tell("Buffer.Full");
			}
		} else if (now - moved > settings.stallTimeout && !paused) {
			fail("Play.Failed", "nothing came for as long as stallTimeout allows");
		}
	}

	function run(complete:Bool, held:Float):Void {
		if (complete && session.failure == null) {
			if (!flushed) {
				flushed = true;
				tell("Buffer.Flush");
			}
			if (phase == Running && !paused && (held < 0.06 || stopped))
				finish();
		} else if (held < 0.06 && !paused && !session.over) {
			native.nativePause();
			phase = Filling;
			moved = last;
			full = false;
			stalls++;
			tell("Buffer.Empty");
		} else if (isLive() && loaded() > ROTATE) {
			reopen(0);
		}
	}

	function finish():Void {
		native.nativePause();
		phase = Over;
		timer.stop();
		tell("Play.Stop");
		var client:Dynamic = native.nativeClient();
		try {
			if (untyped __typeof__(Reflect.field(client, "onPlayStatus")) == "function")
				client.onPlayStatus({code: "NetStream.Play.Complete", level: "status", duration: duration(), bytes: loaded()});
		} catch (e:Dynamic) {} // the application's own
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

	/** Hears what Flash's own class tells. **/
	function hear(e:NetStatusEvent):Void {
		if (raw || Std.isOfType(e, Told))
			return;
		e.stopImmediatePropagation();
		switch (e.info.code) {
			case "NetStream.Play.Stop":
				stopped = phase == Running;
			case "NetStream.Play.StreamNotFound", "NetStream.Play.FileStructureInvalid", "NetStream.Play.NoSupportedTrackFound":
				if (opened && phase != Over && session.failure == null)
					fail(e.info.code == "NetStream.Play.StreamNotFound" ? "Play.Failed" : e.info.code.substr(10), "Flash Player cannot play what came");
		}
	}

	function tell(code:String, level = "status", ?description:String, ?details:Dynamic):Void {
		native.dispatchEvent(new Told(code, level, description, details));
	}
}
