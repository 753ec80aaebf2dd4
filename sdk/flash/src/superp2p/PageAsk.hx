package superp2p;

import flash.events.TimerEvent;
import flash.utils.Timer;

/** A question to the page, in a moment: again and again as long as the answer is empty, which is none yet. **/
class PageAsk extends Ask {
	static inline var AGAIN = 50;

	var again = new Timer(1);

	public function new(question:Void->String, limit:Int, done:Dynamic->Void, failed:String->Void) {
		super(limit, done, failed);
		again.addEventListener(TimerEvent.TIMER, function(_) {
			var answer = question();
			if (answer == null)
				fail("no SDK of superp2p answers there");
			else if (answer != "")
				take(answer);
			else
				again.delay = AGAIN;
		});
		again.start();
	}

	override public function cancel():Void {
		if (failed == null)
			return;
		super.cancel();
		again.stop();
	}
}
