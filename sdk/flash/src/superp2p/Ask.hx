package superp2p;

import flash.events.Event;
import flash.events.IOErrorEvent;
import flash.events.SecurityErrorEvent;
import flash.events.TimerEvent;
import flash.net.URLLoader;
import flash.net.URLRequest;
import flash.utils.Timer;

/** A request for JSON that ends within a time limit, once: by done or by failed. **/
class Ask {
	var loader = new URLLoader();
	var timer:Timer;
	var done:Dynamic->Void;
	var failed:String->Void;

	public function new(url:String, limit:Int, done:Dynamic->Void, failed:String->Void) {
		this.done = done;
		this.failed = failed;
		timer = new Timer(limit, 1);
		timer.addEventListener(TimerEvent.TIMER, function(_) fail("it did not answer in time"));
		loader.addEventListener(Event.COMPLETE, function(_) take());
		loader.addEventListener(IOErrorEvent.IO_ERROR, function(_) fail("it cannot be reached"));
		loader.addEventListener(SecurityErrorEvent.SECURITY_ERROR, function(_) fail("it may not be asked from here"));
		timer.start();
		try {
			loader.load(new URLRequest(url));
		} catch (e:Dynamic) {
			fail("it may not be asked from here");
		}
	}

	/** Has neither be called. **/
	public function cancel():Void {
		if (failed == null)
			return;
		done = null;
		failed = null;
		timer.stop();
		try {
			loader.close();
		} catch (e:Dynamic) {} // nothing was open
	}

	function take():Void {
		if (failed == null)
			return;
		var to = done, value:Dynamic = null;
		try {
			value = haxe.Json.parse(loader.data);
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
