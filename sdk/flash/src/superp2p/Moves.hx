package superp2p;

import flash.Lib.getTimer;
import flash.events.TimerEvent;
import flash.utils.Timer;

/** Where playback goes by Flash's own class, without another request: seeks in a live stream, and steps. **/
class Moves extends Playback {
	/** How long Flash's own class may take for a seek, in ms. **/
	static inline var PATIENT = 1000;
	/** How many pictures a second has, if that is not known. **/
	static inline var USUAL = 25;

	/** Where in Flash's own class it is sought to; it goes to the keyframe after a time that is ahead, so first beyond that. **/
	var goal = 0.0;
	var ahead = false;
	var jumping = false;
	var jumped = 0.0;
	/** Until when in Flash's own class it is stepped. **/
	var stepping = 0.0;
	var steps = new Timer(10);

	public function new(native:Native, home:Home) {
		super(native, home);
		steps.addEventListener(TimerEvent.TIMER, function(_) {
			if (native.nativeTime() >= stepping || bufferLength() <= 0)
				stepped();
		});
	}

	override function seekLive(to:Float):Void {
		if (!started || session == null || phase == Waiting) {
			tell("Seek.Failed", "error", "there is nothing to seek in yet");
			return;
		}
		var last = newest();
		if (to > last || to < time() - backBufferLength()) {
			tell("Seek.InvalidTime", "error", "the stream has nothing at that time", last);
			return;
		}
		tell("SeekStart.Notify");
		if (session == null || phase != Running && phase != Filling)
			return;
		native.nativePause();
		held = to;
		goal = to - base;
		ahead = goal > native.nativeTime();
		jumping = true;
		jump(ahead ? received() : goal);
	}

	function jump(to:Float):Void {
		sought = false;
		jumped = getTimer();
		native.nativeSeek(to);
	}

	override function advance(now:Float):Void {
		if (!jumping) {
			super.advance(now);
			return;
		}
		if (!sought && now - jumped < PATIENT)
			return;
		if (ahead) {
			ahead = false;
			jump(goal);
			return;
		}
		jumping = false;
		release();
		if (full && bufferLength() < need()) {
			full = false;
			phase = Filling;
			moved = now;
			tell("Buffer.Empty");
		}
		if (phase == Running && !paused)
			native.nativeResume();
		tell("Seek.Notify");
	}

	/** Shows a later picture of what is paused. **/
	public function step(frames:Int):Void {
		if (raw) {
			native.nativeStep(frames);
			return;
		}
		var second = pictures() > 0 ? pictures() : USUAL;
		var why = !paused ? "a stream that plays cannot be stepped; call pause first"
			: phase != Running || jumping ? "there is no picture yet to step from; wait for NetStream.Buffer.Full"
			: frames <= 0 ? "there are no steps back here; seek"
			: bufferLength() < (frames + 1) / second ? "the buffer does not hold so many frames; step by fewer, or seek" : null;
		if (why != null) {
			tell("Step.Failed", "error", why);
			return;
		}
		stepping = (Math.floor(native.nativeTime() * second + 0.1) + frames + 0.1) / second;
		native.nativeResume();
		steps.start();
	}

	function stepped():Void {
		if (!steps.running)
			return;
		steps.stop();
		native.nativePause();
		tell("Step.Notify");
	}

	override public function resume():Void {
		stepped();
		super.resume();
	}

	override function stop():Void {
		steps.stop();
		jumping = false;
		super.stop();
	}

	/** Answers what cannot be done here. **/
	public function cannot(why:String, code = "Failed", ?name:String):Void {
		tell(code, "error", why, name);
	}
}
