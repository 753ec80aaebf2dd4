package superp2p;

/** A way by which FLV comes. Who plays by it has an id there, by which it is asked how it goes, and ended. **/
interface Route {
	/** What p2pStat calls it. **/
	var name(default, null):String;

	/** Whether bytes may come from peers. **/
	var peers(default, null):Bool;

	/** Where FLV is, from a second of a film on. **/
	function media(settings:Settings, id:String, start:Float):String;

	/** Finds out whether it can be played by, within a time limit in ms; id is that of what is to be played. **/
	function probe(settings:Settings, id:String, limit:Int, there:Void->Void, not:String->Void):Ask;

	/** Asks how it goes; of an id that was never played the state is "unknown". With end, what is played by it ends. **/
	function ask(id:String, end:Bool, limit:Int, done:Dynamic->Void, failed:String->Void):Ask;

	/** Switches giving to peers, for who plays by an id. **/
	function share(id:String, on:Bool):Void;
}
