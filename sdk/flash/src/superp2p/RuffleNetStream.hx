package superp2p;

import flash.media.Camera;
import flash.media.Microphone;
import flash.media.SoundTransform;
import flash.net.NetConnection;
import flash.net.NetStreamInfo;
import flash.net.NetStreamMulticastInfo;
import flash.net.NetStreamPlayOptions;
import flash.utils.ByteArray;

/**
	The stream in Ruffle, whose NetStream has methods and setters without a type (swfbuild sees to the setters). What it keeps nothing of
	is kept here.
**/
class RuffleNetStream extends NativeNetStream implements Native {
	var playback:Changes;

	public function new(connection:NetConnection, home:Home) {
		super(connection);
		playback = new Changes(this, home);
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

	@:keep override function step(frames:Int):Dynamic {
		playback.step(frames);
		return null;
	}

	@:keep override function close():Dynamic {
		playback.close();
		return null;
	}

	@:keep override function attach(connection:NetConnection):Dynamic {
		playback.cannot("a stream connects by itself: say as config.server where the server is");
		return null;
	}

	@:keep override function attachAudio(microphone:Microphone):Dynamic {
		if (microphone != null)
			playback.cannot("there is no publishing here: send RTMP to the server");
		return null;
	}

	@:keep override function attachCamera(camera:Camera, milliseconds:Int = -1):Dynamic {
		if (camera != null)
			playback.cannot("there is no publishing here: send RTMP to the server");
		return null;
	}

	@:keep override function publish(?name:String, ?type:String):Dynamic {
		if (name != null && name != "false")
			playback.cannot("there is no publishing here: send RTMP to the server", "Publish.BadName", name);
		return null;
	}

	@:keep override function send(handlerName:String, restArgs:haxe.extern.Rest<Dynamic>):Dynamic {
		playback.cannot("nothing is published that could carry it: send RTMP to the server");
		return null;
	}

	@:keep override function receiveAudio(flag:Bool):Dynamic {
		playback.receiveAudio(flag);
		return null;
	}

	@:keep override function receiveVideo(flag:Bool):Dynamic {
		playback.receiveVideo(flag);
		return null;
	}

	@:keep override function receiveVideoFPS(fps:Float):Dynamic {
		if (fps > 0)
			playback.cannot("a stream comes with all its pictures: encode one with fewer, and play that");
		return null;
	}

	@:keep override function appendBytes(bytes:ByteArray):Dynamic {
		playback.cannot("this Flash player has no data generation mode: play a URL");
		return null;
	}

	@:keep override function appendBytesAction(action:String):Dynamic {
		playback.cannot("this Flash player has no data generation mode: play a URL");
		return null;
	}

	@:keep override function get_backBufferTime():Float {
		return playback.kept.backBufferTime;
	}

	@:keep override function set_backBufferTime(value:Float):Float {
		return playback.kept.backBufferTime = value;
	}

	@:keep override function get_bufferTime():Float {
		return playback.kept.bufferTime;
	}

	@:keep override function set_bufferTime(value:Float):Float {
		return playback.kept.bufferTime = value;
	}

	@:keep override function get_bufferTimeMax():Float {
		return playback.kept.bufferTimeMax;
	}

	@:keep override function set_bufferTimeMax(value:Float):Float {
		return playback.kept.bufferTimeMax = value;
	}

	@:keep override function get_inBufferSeek():Bool {
		return playback.kept.inBufferSeek;
	}

	@:keep override function set_inBufferSeek(value:Bool):Bool {
		return playback.kept.inBufferSeek = value;
	}

	@:keep override function get_maxPauseBufferTime():Float {
		return playback.kept.maxPauseBufferTime;
	}

	@:keep override function set_maxPauseBufferTime(value:Float):Float {
		return playback.kept.maxPauseBufferTime = value;
	}

	@:keep override function get_multicastAvailabilitySendToAll():Bool {
		return playback.kept.sendToAll;
	}

	@:keep override function set_multicastAvailabilitySendToAll(value:Bool):Bool {
		return playback.kept.sendToAll = value;
	}

	@:keep override function get_multicastAvailabilityUpdatePeriod():Float {
		return playback.kept.updatePeriod;
	}

	@:keep override function set_multicastAvailabilityUpdatePeriod(value:Float):Float {
		return playback.kept.updatePeriod = value;
	}

	@:keep override function get_multicastFetchPeriod():Float {
		return playback.kept.fetchPeriod;
	}

	@:keep override function set_multicastFetchPeriod(value:Float):Float {
		return playback.kept.fetchPeriod = value;
	}

	@:keep override function get_multicastPushNeighborLimit():Float {
		return playback.kept.pushNeighborLimit;
	}

	@:keep override function set_multicastPushNeighborLimit(value:Float):Float {
		return playback.kept.pushNeighborLimit = value;
	}

	@:keep override function get_multicastRelayMarginDuration():Float {
		return playback.kept.relayMargin;
	}

	@:keep override function set_multicastRelayMarginDuration(value:Float):Float {
		return playback.kept.relayMargin = value;
	}

	@:keep override function get_multicastWindowDuration():Float {
		return playback.kept.window;
	}

	@:keep override function set_multicastWindowDuration(value:Float):Float {
		return playback.kept.window = value;
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

	@:keep override function get_soundTransform():SoundTransform {
		return new SoundTransform(playback.kept.volume, playback.kept.pan);
	}

	@:keep override function set_soundTransform(value:SoundTransform):SoundTransform {
		playback.kept.volume = value.volume;
		playback.kept.pan = value.pan;
		playback.mute(value.volume == 0);
		return value;
	}

	// Ruffle's class lacks these.

	@:keep @:flash.property public var audioCodec(get, never):UInt;
	@:keep @:flash.property public var videoCodec(get, never):UInt;
	@:keep @:flash.property public var decodedFrames(get, never):UInt;

	@:keep function get_audioCodec():UInt {
		return playback.codec("audioCodec");
	}

	@:keep function get_videoCodec():UInt {
		return playback.codec("videoCodec");
	}

	@:keep function get_decodedFrames():UInt {
		return Std.int(playback.decodedFrames());
	}

	@:keep override function get_info():NetStreamInfo {
		return RuffleFigures.info(playback);
	}

	@:keep override function get_multicastInfo():NetStreamMulticastInfo {
		return RuffleFigures.multicastInfo(playback);
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
