package superp2p;

import flash.events.IEventDispatcher;

/** What the logic asks of Flash's own class, under names that Flash does not have. **/
interface Native extends IEventDispatcher {
	function nativePlay(name:String):Void;
	function nativePause():Void;
	function nativeResume():Void;
	function nativeSeek(seconds:Float):Void;
	function nativeStep(frames:Int):Void;
	function nativeClose():Void;
	function nativeTime():Float;
	function nativeLoaded():Float;
	function nativeTotal():Float;
	function nativeClient():Dynamic;
}
