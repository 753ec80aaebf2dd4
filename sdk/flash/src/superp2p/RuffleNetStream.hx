package superp2p;

import flash.net.NetConnection;
import flash.net.NetStreamPlayOptions;

/**
	The stream in Ruffle, whose NetStream has methods without a type. Its info and multicastInfo stay Ruffle's own, whose classes have
	no way to be filled: p2pStat has the same.
**/
class RuffleNetStream extends NativeNetStream implements Native {
	var playback:Playback;

	public function new(connection:NetConnection, home:Home) {
		super(connection);
		playback = new Playback(this, home);
	}

	@:keep override function play(restArgs:haxe.extern.Rest<Dynamic>):Dynamic {
		playback.play(restArgs);
		return null;
	}

	@:keep override function play2(param:NetStreamPlayOptions):Dynamic {
		playback.play2(param);
		return null;
	}

	@:keep override function pause():Dynamic {
		playback.pause();
		return null;
	}

	@:keep override function resume():Dynamic {
		playback.resume();
		return null;
	}

	@:keep override function togglePause():Dynamic {
		playback.togglePause();
		return null;
	}

	@:keep override function seek(offset:Float):Dynamic {
		playback.seek(offset);
		return null;
	}

	@:keep override function close():Dynamic {
		playback.close();
		return null;
	}

	@:keep override function get_time():Float {
		return playback.time();
	}

	@:keep override function get_bufferLength():Float {
		return playback.bufferLength();
	}

	@:keep override function get_bytesTotal():UInt {
		return Std.int(playback.bytesTotal());
	}

	@:keep override function get_liveDelay():Float {
		return playback.liveDelay();
	}

	// What Flash calls on a stream without a client of the application's; it complains where it cannot.

	@:keep public function onMetaData(info:Dynamic):Void {
		playback.metaData = info;
	}

	@:keep public function onCuePoint(info:Dynamic):Void {}

	@:keep public function onXMPData(info:Dynamic):Void {}

	@:keep public function onPlayStatus(info:Dynamic):Void {}

	/** Where the bytes came from. **/
	@:keep public function p2pStat():Dynamic {
		return Figures.stat(playback);
	}

	/** Gives peers nothing any more, on mobile data say. **/
	@:keep public function pauseP2P():Void {
		playback.share(false);
	}

	/** Gives to peers again. **/
	@:keep public function resumeP2P():Void {
		playback.share(true);
	}

	public function nativePlay(name:String):Void {
		super.play(name);
	}

	public function nativePause():Void {
		super.pause();
	}

	public function nativeResume():Void {
		super.resume();
	}

	public function nativeSeek(seconds:Float):Void {
		super.seek(seconds);
	}

	public function nativeClose():Void {
		super.close();
	}

	public function nativeTime():Float {
		return super.time;
	}

	public function nativeLoaded():Float {
		return bytesLoaded;
	}

	public function nativeTotal():Float {
		return super.bytesTotal;
	}

	public function nativeBufferTime():Float {
		return bufferTime;
	}

	public function nativeClient():Dynamic {
		return client;
	}
}
