package superp2p;

import flash.events.TimerEvent;
import flash.utils.Timer;

/** A question that is answered within a time limit, once: by done or by failed, and never before it was asked. **/
class Ask {
	var timer:Timer;
	var done:Dynamic->Void;
	var failed:String->Void;

	function new(limit:Int, done:Dynamic->Void, failed:String->Void) {
		this.done = done;
		this.failed = failed;
		timer = new Timer(limit, 1);
		timer.addEventListener(TimerEvent.TIMER, function(_) fail("it did not answer in time"));
		timer.start();
	}

	/** Has neither be called. **/
	public function cancel():Void {
		if (failed == null)
			return;
		done = null;
		failed = null;
		timer.stop();
	}

	/** Takes the answer, which is JSON. **/
	function take(text:String):Void {
		if (failed == null)
			return;
		var to = done, value:Dynamic = null;
		try {
			value = haxe.Json.parse(text);
		} catch (e:Dynamic) {}
		if (value == null) {
			fail("its answer is no JSON");
			return;
		}
		cancel();
		to(value);
	}

	function fail(why:String):Void {
		var to = failed;
		cancel();
		if (to != null)
			to(why);
	}
}
