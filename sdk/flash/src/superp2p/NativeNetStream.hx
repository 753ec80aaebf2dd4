package superp2p;

import flash.net.NetConnection;
import flash.net.NetStreamPlayOptions;

/** flash.net.NetStream as Ruffle declares it. Ruffle compares the types of what is overridden, as Flash Player does. **/
@:native("flash.net.NetStream")
extern class NativeNetStream extends flash.events.EventDispatcher {
	@:flash.property var bufferLength(get, never):Float;
	@:flash.property var bufferTime(get, set):Float;
	@:flash.property var bytesLoaded(get, never):UInt;
	@:flash.property var bytesTotal(get, never):UInt;
	@:flash.property var client(get, set):Dynamic;
	@:flash.property var liveDelay(get, never):Float;
	@:flash.property var time(get, never):Float;
	function new(connection:NetConnection, ?peerID:String):Void;
	function close():Dynamic;
	function pause():Dynamic;
	function play(restArgs:haxe.extern.Rest<Dynamic>):Dynamic;
	function play2(param:NetStreamPlayOptions):Dynamic;
	function resume():Dynamic;
	function seek(offset:Float):Dynamic;
	function togglePause():Dynamic;
	private function get_bufferLength():Float;
	private function get_bufferTime():Float;
	private function get_bytesLoaded():UInt;
	private function get_bytesTotal():UInt;
	private function get_client():Dynamic;
	private function get_liveDelay():Float;
	private function get_time():Float;
	private function set_bufferTime(value:Float):Float;
	private function set_client(value:Dynamic):Dynamic;
}
