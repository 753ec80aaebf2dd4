package superp2p;

import flash.net.NetStreamPlayOptions;

/** What goes beyond one stream from its beginning to its end: play2. Flash's own class has one connection at a time. **/
class Changes extends Moves {
	static inline var MOST = 100;

	/** What is changed over to when it is its time, and what finds out whether it can be played. **/
	var later:Change;
	var trial:Trial;
	/** What was found out. **/
	var found:Dynamic;
	/** What is played after what is played. **/
	var queue:Array<Change> = [];
	/** What was appended is being opened: it goes on from the end of what was played. **/
	var joining = false;
	/** It was changed over, and its first frame was not played yet. **/
	var changing = false;
	/** How much is played of what begins. **/
	var length = 0.0;
	/** What was played before that which is being opened. **/
	var previous:Settings;

	public function play2(o:NetStreamPlayOptions):Void {
		if (o == null)
			return;
		var name = o.streamName, config:Dynamic = Reflect.field(o, "config");
		var change = new Change(settings, o.start, o.len, o.offset);
		var idle = raw || phase == Idle || failed;
		var kind = o.transition;
		if (kind == null || kind == "" || kind == "reset" || idle && (kind == "append" || kind == "appendAndWait")) {
			play([name, config]);
			from = change.start;
			length = change.length;
			return;
		}
		if (idle) {
			refuse(name, "nothing is played that could be changed; call play");
			return;
		}
		if (kind != "stop" && kind != "resume") {
			var named = config == null ? settings.of(name) : new Settings(name, config, home, kept);
			change = new Change(named, o.start, o.len, o.offset);
		}
		var old = o.oldStreamName;
		switch (kind) {
			case "stop":
				endAll();
			case "append", "appendAndWait":
				append(change);
			case "switch", "swap", "resume":
				if (old != null && old != "" && old != settings.target)
					refuse(name, "what is to be changed is not played; leave oldStreamName empty");
				else if (phase == Over)
					refuse(name, "what is played is at its end, and there is nothing to change over from; append, or call play");
				else
					changeLater(change);
			default:
				refuse(name, "the transition " + kind + " is unknown");
		}
	}

	function endAll():Void {
		drop();
		if (phase == Over)
			return;
		if (started && session != null) {
			session.end();
			return;
		}
		retire(); // nothing is held
		phase = Over;
		tell("Play.Stop");
	}

	function append(c:Change):Void {
		if (c.settings.target == null || c.settings.target == "") {
			refuse(c.settings.target, "there is no name of what is to be played");
			return;
		}
		if (queue.length >= MOST) {
			refuse(c.settings.target, "100 streams are appended already; append more when some were played");
			return;
		}
		queue.push(c);
		if (phase == Over) { // time begins anew
			started = full = false;
			timer.start();
			next(0);
		}
	}

	function changeLater(c:Change):Void {
		if (trial != null)
			trial.cancel();
		trial = null;
		found = null;
		later = c;
	}

	/** Gives up what is not played yet. **/
	function drop():Void {
		changeLater(null);
		queue = [];
		joining = changing = false;
		length = 0;
	}

	override public function seek(to:Float):Void {
		if (joining)
			tell("Seek.Failed", "error", "what was appended is being opened, and there is nothing to seek in yet");
		else
			super.seek(to);
	}

	override function stop():Void {
		drop();
		super.stop();
	}

	override function tick():Void {
		super.tick();
		if (later == null || phase == Idle || phase == Over)
			return;
		if (trial != null)
			trial.tick(last);
		else if (found != null && time() >= later.offset)
			changeOver();
		else if (found == null && started && session != null && !joining && newest() >= later.offset)
			trial = new Trial(lastRoute, later.settings, isLive() ? 0 : Math.max(0, time() - base), function(said) {
				trial = null;
				found = said;
			}, function(why) {
				var name = later.settings.target;
				trial = null;
				later = null;
				refuse(name, why);
			});
	}

	/** Changes over to what can be played: a film at the same time, a live stream where it is. **/
	function changeOver():Void {
		var to = later.settings, said = found;
		changeLater(null);
		if ((said.live == true) != isLive()) {
			refuse(to.target, "a live stream and a file do not go together; change over to another of the same kind");
			return;
		}
		if (!isLive() && said.duration > 0 && time() - base > said.duration) {
			refuse(to.target, "it ends before the time at which it is changed over");
			return;
		}
		tell("Play.Transition", "status", null, to.target);
		if (phase == Idle || phase == Over) // a listener has ended it
			return;
		settings = to;
		flushed = stopped = false;
		reopen(time());
		until = null;
		changing = true;
	}

	/** Goes on with what was appended; false if nothing was. **/
	function next(?at:Float):Bool {
		var c = queue.shift();
		if (c == null)
			return false;
		if (phase == Running)
			native.nativePause();
		if (at == null)
			at = time();
		else
			forget();
		held = at;
		retire();
		previous = settings;
		settings = c.settings;
		from = c.start;
		length = c.length;
		until = null;
		joining = true;
		flushed = stopped = false;
		session = new Session(lastRoute, settings, from);
		moved = last;
		deadline = last + settings.startTimeout;
		await();
		return true;
	}

	override function arrive():Bool {
		if (from > 0 && duration() > 0 && from > duration()) {
			fail("Play.Failed", "it ends before the time from which it is to be played");
			return false;
		}
		if (joining) {
			joining = false;
			base = held > 0 ? held - number("start") : 0;
			tell("Play.Transition", "status", null, settings.target);
			changing = true;
		}
		if (length > 0) {
			until = (held != null ? held : time()) + length;
			length = 0;
		}
		return phase == Filling;
	}

	override function run(complete:Bool, held:Float):Void {
		if (changing && !paused) {
			changing = false;
			status({code: "NetStream.Play.TransitionComplete", level: "status"});
			if (phase != Running)
				return;
		}
		super.run(complete, held);
	}

	override function finish():Void {
		if (!next())
			super.finish();
	}

	override function fail(code:String, why:String):Void {
		if (!joining) {
			drop();
			super.fail(code, why);
			return;
		}
		joining = false;
		refuse(settings.target, why);
		settings = previous;
		if (phase != Idle && !joining && !next()) {
			retire();
			super.finish();
		}
	}

	public function receiveAudio(on:Bool):Void {
		receive(on, kept.video, kept.mute);
	}

	public function receiveVideo(on:Bool):Void {
		receive(kept.audio, on, kept.mute);
	}

	/** Has no sound, or has it again, where Flash's own class has no volume. **/
	public function mute(on:Bool):Void {
		receive(kept.audio, kept.video, on);
	}

	function receive(audio:Bool, video:Bool, mute:Bool):Void {
		if (!audio && !video) {
			cannot("of picture and sound one at least must be received; call pause");
			return;
		}
		var was = kept.tracks();
		kept.audio = audio;
		kept.video = video;
		kept.mute = mute;
		if (raw || was == kept.tracks() || session == null || joining)
			return;
		if (phase == Opening || phase == Waiting)
			session.aim(settings, from);
		else if (phase == Filling || phase == Running)
			reopen(started ? time() : base + from);
	}

	function refuse(name:String, why:String):Void {
		tell("Play.Transition", "warning", why, name);
	}
}
