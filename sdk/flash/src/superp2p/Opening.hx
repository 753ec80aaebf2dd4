package superp2p;

import flash.Lib.getTimer;

/** How a playback comes by its bytes: it looks for a route, and has Flash's own class play what comes by it. **/
class Opening extends Measures {
	/** How long a route may take to say that it is there, in ms. **/
	static inline var PROBE_NEAR = 1000;
	static inline var PROBE_SERVER = 4000;
	/** How long what was played before is waited for, in ms. **/
	static inline var PATIENCE = 3000;

	/** The routes that were not tried yet, and why those before cannot be used. **/
	var routes:Array<Route> = [];
	var reason:String;
	/** What was played before, as long as it is still arriving. **/
	var old:Session;
	var patience = 0.0;
	/** When bytes came last. **/
	var moved = 0.0;
	/** Flash's own class has come to an end of bytes. **/
	var stopped = false;

	/** Ends the play with an error. **/
	function fail(code:String, why:String):Void {}

	function retire():Void {
		if (session == null)
			return;
		session.end();
		if (opened && session.arriving(loaded()))
			old = session;
		session = null;
		opened = false;
	}

	function nextRoute():Void {
		var route = routes.shift();
		if (route == null) {
			fail("Play.Failed", reason);
			return;
		}
		var tried = session = new Session(route, settings, from);
		tried.probe(route.name == "server" ? PROBE_SERVER : PROBE_NEAR, function() {
			if (tried == session)
				await();
		}, function(why) {
			if (tried != session)
				return;
			session = null;
			if (route.name == "server")
				reason = "the server cannot be used: " + why;
			nextRoute();
		});
	}

	/** Opens what is played from a time on, a live stream at its edge. **/
	function reopen(at:Float):Void {
		if (phase == Running)
			native.nativePause();
		hold(at);
		from = isLive() ? 0 : Math.max(0, at - base);
		retire();
		session = new Session(lastRoute, settings, at);
		moved = getTimer();
		await();
	}

	function await():Void {
		lastRoute = session.route;
		phase = Waiting;
		patience = getTimer() + PATIENCE;
		wait();
	}

	function wait():Void {
		var now = getTimer();
		if (old != null) {
			old.tick(now);
			if (old.arriving(loaded()) && now < patience)
				return;
			old = null;
		}
		begin();
	}

	function begin():Void {
		phase = Filling;
		stopped = false;
		opened = true;
		mark();
		native.nativePlay(session.url);
		if (phase == Filling) // nobody has called from a listener
			native.nativePause();
	}
}
