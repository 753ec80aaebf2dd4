package superp2p;

/** What was set on the stream and counts for all that it plays. **/
class Kept {
	public var bufferTime = 0.1;
	public var bufferTimeMax = 0.0;
	public var backBufferTime = 30.0;
	public var maxPauseBufferTime = 60.0;
	public var inBufferSeek = false;
	public var sendToAll = false;
	public var updatePeriod = 0.1;
	public var fetchPeriod = 2.5;
	public var pushNeighborLimit = 4.0;
	public var relayMargin = 2.0;
	public var window = 8.0;
	public var volume = 1.0;
	public var pan = 0.0;
	/** What is to be received. **/
	public var audio = true;
	public var video = true;
	/** There is no sound because it is to have no volume, where Flash's own class has none. **/
	public var mute = false;
	/** Whether peers are given to; null is as play was told. **/
	public var upload:Null<Bool>;

	public function new() {}

	/** The one kind that is to be sent, null for both. **/
	public function tracks():String {
		return !video ? "audio" : !audio || mute ? "video" : null;
	}
}
