package superp2p;

import flash.media.Camera;
import flash.media.Microphone;
import flash.net.NetConnection;
import flash.net.NetStream;
import flash.net.NetStreamInfo;
import flash.net.NetStreamMulticastInfo;
import flash.net.NetStreamPlayOptions;

/** The stream in Flash Player, whose NetStream has methods of the type void. **/
class P2PNetStream extends NetStream implements Native {
	var playback:Changes;

	public function new(connection:NetConnection, home:Home) {
		super(connection);
		playback = new Changes(this, home);
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

	@:keep override function step(frames:Int):Void {
		playback.step(frames);
	}

	@:keep override function close():Void {
		playback.close();
	}

	@:keep override function attach(connection:NetConnection):Void {
		playback.cannot("a stream connects by itself: say as config.server where the server is");
	}

	@:keep override function attachAudio(microphone:Microphone):Void {
		if (microphone != null)
			playback.cannot("there is no publishing here: send RTMP to the server");
	}

	@:keep override function attachCamera(camera:Camera, milliseconds:Int = -1):Void {
		if (camera != null)
			playback.cannot("there is no publishing here: send RTMP to the server");
	}

	@:keep override function publish(?name:String, ?type:String):Void {
		if (name != null && name != "false")
			playback.cannot("there is no publishing here: send RTMP to the server", "Publish.BadName", name);
	}

	@:keep override function send(handlerName:String, restArgs:haxe.extern.Rest<Dynamic>):Void {
		playback.cannot("nothing is published that could carry it: send RTMP to the server");
	}

	@:keep override function receiveAudio(flag:Bool):Void {
		playback.receiveAudio(flag);
	}

	@:keep override function receiveVideo(flag:Bool):Void {
		playback.receiveVideo(flag);
	}

	@:keep override function receiveVideoFPS(fps:Float):Void {
		if (fps > 0)
			playback.cannot("a stream comes with all its pictures: encode one with fewer, and play that");
	}

	@:keep override function get_backBufferTime():Float {
		return playback.kept.backBufferTime;
	}

	@:keep override function set_backBufferTime(value:Float):Float {
		super.backBufferTime = value;
		return playback.kept.backBufferTime = value;
	}

	@:keep override function get_bufferTime():Float {
		return playback.kept.bufferTime;
	}

	@:keep override function set_bufferTime(value:Float):Float {
		super.bufferTime = value;
		return playback.kept.bufferTime = value;
	}

	@:keep override function get_bufferTimeMax():Float {
		return playback.kept.bufferTimeMax;
	}

	@:keep override function set_bufferTimeMax(value:Float):Float {
		super.bufferTimeMax = value;
		return playback.kept.bufferTimeMax = value;
	}

	@:keep override function get_inBufferSeek():Bool {
		return playback.kept.inBufferSeek;
	}

	@:keep override function set_inBufferSeek(value:Bool):Bool {
		super.inBufferSeek = value;
		return playback.kept.inBufferSeek = value;
	}

	@:keep override function get_maxPauseBufferTime():Float {
		return playback.kept.maxPauseBufferTime;
	}

	@:keep override function set_maxPauseBufferTime(value:Float):Float {
		super.maxPauseBufferTime = value;
		return playback.kept.maxPauseBufferTime = value;
	}

	@:keep override function get_time():Float {
		return playback.time();
	}

	@:keep override function get_bufferLength():Float {
		return playback.bufferLength();
	}

	@:keep override function get_backBufferLength():Float {
		return playback.backBufferLength();
	}

	@:keep override function get_currentFPS():Float {
		return playback.currentFPS();
	}

	@:keep override function get_liveDelay():Float {
		return playback.liveDelay();
	}

	@:keep override function get_bytesTotal():UInt {
		return Std.int(playback.bytesTotal());
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

	public function nativeStep(frames:Int):Void {
		super.step(frames);
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

	public function nativeClient():Dynamic {
		return client;
	}
}
