package superp2p;

import flash.net.NetConnection;
import flash.net.NetStreamInfo;
import flash.net.NetStreamMulticastInfo;
import flash.net.NetStreamPlayOptions;
import flash.net.NetStream;

/** The stream in Flash Player, whose NetStream has methods of the type void. **/
class P2PNetStream extends NetStream implements Native {
	var playback:Playback;

	public function new(connection:NetConnection, home:Home) {
		super(connection);
		playback = new Playback(this, home);
	}

	@:keep override function play(restArgs:haxe.extern.Rest<Dynamic>):Void {
		playback.play(restArgs);
	}

	@:keep override function play2(param:NetStreamPlayOptions):Void {
		playback.play2(param);
	}

	@:keep override function pause():Void {
		playback.pause();
	}

	@:keep override function resume():Void {
		playback.resume();
	}

	@:keep override function togglePause():Void {
		playback.togglePause();
	}

	@:keep override function seek(offset:Float):Void {
		playback.seek(offset);
	}

	@:keep override function close():Void {
		playback.close();
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

	@:keep override function get_info():NetStreamInfo {
		return Figures.info(playback);
	}

	@:keep override function get_multicastInfo():NetStreamMulticastInfo {
		return Figures.multicastInfo(playback);
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
