package superp2p;

import flash.events.Event;
import flash.events.IOErrorEvent;
import flash.events.SecurityErrorEvent;
import flash.net.URLLoader;
import flash.net.URLRequest;

/** A question to a URL. **/
class HTTPAsk extends Ask {
	var loader = new URLLoader();

	public function new(url:String, limit:Int, done:Dynamic->Void, failed:String->Void) {
		super(limit, done, failed);
		loader.addEventListener(Event.COMPLETE, function(_) take(loader.data));
		loader.addEventListener(IOErrorEvent.IO_ERROR, function(_) fail("it cannot be reached"));
		loader.addEventListener(SecurityErrorEvent.SECURITY_ERROR, function(_) fail("it may not be asked from here"));
		try {
			loader.load(new URLRequest(url));
		} catch (e:Dynamic) {
			fail("it may not be asked from here");
		}
	}

	/** Takes an answer as the state of a session, whichever. **/
	public static function isState(there:Void->Void, not:String->Void):Dynamic->Void {
		return function(answer) {
			if (answer.state == null)
				not("something else than superp2p answers");
			else
				there();
		}
	}

	override public function cancel():Void {
		if (failed == null)
			return;
		super.cancel();
		try {
			loader.close();
		} catch (e:Dynamic) {} // nothing was open
	}
}
