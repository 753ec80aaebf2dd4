package superp2p;

import flash.Lib.getTimer;
import flash.events.Event;
import flash.events.IOErrorEvent;
import flash.events.SecurityErrorEvent;
import flash.net.URLLoader;
import flash.net.URLLoaderDataFormat;
import flash.net.URLRequest;

/** Finds out, beside what is played, whether something can be: it opens it, and ends it when its first frame was sent. **/
class Trial {
	var session:Session;
	var loader = new URLLoader();
	var limit:Float;
	var done:Dynamic->Void;
	var failed:String->Void;

	public function new(route:Route, settings:Settings, start:Float, done:Dynamic->Void, failed:String->Void) {
		session = new Session(route, settings, start);
		this.done = done;
		this.failed = failed;
		limit = getTimer() + settings.startTimeout;
		var ignore = function(_:Event) {}; // how it goes is asked
		loader.addEventListener(IOErrorEvent.IO_ERROR, ignore);
		loader.addEventListener(SecurityErrorEvent.SECURITY_ERROR, ignore);
		loader.dataFormat = URLLoaderDataFormat.BINARY;
		loader.load(new URLRequest(session.url));
	}

	public function tick(now:Float):Void {
		session.tick(now);
		if (session.failure != null)
			end(failed, session.failure);
		else if (session.barren())
			end(failed, "it ended without a frame");
		else if (session.said.bytes > 0)
			end(done, session.said);
		else if (now > limit)
			end(failed, "nothing came that can be played, in the time that startTimeout allows");
	}

	/** Ends it without a word. **/
	public function cancel():Void {
		session.end();
		try {
			loader.close();
		} catch (e:Dynamic) {} // it has ended
	}

	function end<T>(how:T->Void, what:T):Void {
		cancel();
		how(what);
	}
}
