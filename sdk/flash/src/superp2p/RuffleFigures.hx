package superp2p;

import flash.net.NetStreamInfo;
import flash.net.NetStreamMulticastInfo;

/**
	Figures in Ruffle, whose classes of them have nothing by which they could be filled but their slots. swfbuild makes an assignment to
	slotN in a function fill… one to the slot N. Where that is refused, or the slots are others, the figures are Ruffle's own: none.
**/
class RuffleFigures {
	public static function info(p:Playback):NetStreamInfo {
		var f = Figures.of(p), i = new RuffleInfo();
		try {
			fillInfo(i, f);
			var filled:NetStreamInfo = cast i;
			if (filled.byteCount == f.byteCount && filled.videoBytesPerSecond == f.videoBytesPerSecond && filled.isLive == f.isLive)
				return filled;
		} catch (e:Dynamic) {}
		return cast new RuffleInfo();
	}

	public static function multicastInfo(p:Playback):NetStreamMulticastInfo {
		var f = Figures.of(p), i = new RuffleMulticastInfo();
		try {
			fillMulticast(i, f);
			var filled:NetStreamMulticastInfo = cast i;
			if (filled.bytesReceivedFromServer == f.swarm("bytesReceivedFromServer")
				&& filled.sendDataBytesPerSecond == f.swarm("sendDataBytesPerSecond"))
				return filled;
		} catch (e:Dynamic) {}
		return cast new RuffleMulticastInfo();
	}

	static function fillInfo(i:RuffleInfo, f:Figures):Void {
		i.slot1 = f.audioBufferByteLength;
		i.slot2 = f.audioBufferLength;
		i.slot3 = f.audioByteCount;
		i.slot4 = f.audioBytesPerSecond;
		i.slot5 = 0; // audioLossRate
		i.slot6 = f.byteCount;
		i.slot7 = f.currentBytesPerSecond;
		i.slot8 = 0; // dataBufferByteLength
		i.slot9 = 0; // dataBufferLength
		i.slot10 = 0; // dataByteCount
		i.slot11 = 0; // dataBytesPerSecond
		i.slot12 = 0; // droppedFrames
		i.slot13 = f.isLive;
		i.slot14 = f.maxBytesPerSecond;
		i.slot15 = f.metaData;
		i.slot16 = f.playbackBytesPerSecond;
		i.slot17 = f.resourceName;
		i.slot18 = 0; // SRTT
		i.slot19 = f.uri;
		i.slot20 = f.videoBufferByteLength;
		i.slot21 = f.videoBufferLength;
		i.slot22 = f.videoByteCount;
		i.slot23 = f.videoBytesPerSecond;
		i.slot24 = 0; // videoLossRate
		i.slot25 = null; // xmpData
	}

	static function fillMulticast(i:RuffleMulticastInfo, f:Figures):Void {
		i.slot1 = f.swarm("bytesPushedFromPeers");
		i.slot2 = f.swarm("bytesPushedToPeers");
		i.slot3 = f.swarm("bytesReceivedFromIPMulticast");
		i.slot4 = f.swarm("bytesReceivedFromServer");
		i.slot5 = f.swarm("bytesRequestedByPeers");
		i.slot6 = f.swarm("bytesRequestedFromPeers");
		i.slot7 = f.swarm("fragmentsPushedFromPeers");
		i.slot8 = f.swarm("fragmentsPushedToPeers");
		i.slot9 = f.swarm("fragmentsReceivedFromIPMulticast");
		i.slot10 = f.swarm("fragmentsReceivedFromServer");
		i.slot11 = f.swarm("fragmentsRequestedByPeers");
		i.slot12 = f.swarm("fragmentsRequestedFromPeers");
		i.slot13 = f.swarm("receiveControlBytesPerSecond");
		i.slot14 = f.swarm("receiveDataBytesPerSecond");
		i.slot15 = f.swarm("receiveDataBytesPerSecondFromIPMulticast");
		i.slot16 = f.swarm("receiveDataBytesPerSecondFromServer");
		i.slot17 = f.swarm("sendControlBytesPerSecond");
		i.slot18 = f.swarm("sendControlBytesPerSecondToServer");
		i.slot19 = f.swarm("sendDataBytesPerSecond");
	}
}

@:native("flash.net.NetStreamInfo")
private extern class RuffleInfo {
	var slot1:Float;
	var slot2:Float;
	var slot3:Float;
	var slot4:Float;
	var slot5:Float;
	var slot6:Float;
	var slot7:Float;
	var slot8:Float;
	var slot9:Float;
	var slot10:Float;
	var slot11:Float;
	var slot12:Float;
	var slot13:Bool;
	var slot14:Float;
	var slot15:Dynamic;
	var slot16:Float;
	var slot17:String;
	var slot18:Float;
	var slot19:String;
	var slot20:Float;
	var slot21:Float;
	var slot22:Float;
	var slot23:Float;
	var slot24:Float;
	var slot25:Dynamic;
	function new():Void;
}

@:native("flash.net.NetStreamMulticastInfo")
private extern class RuffleMulticastInfo {
	var slot1:Float;
	var slot2:Float;
	var slot3:Float;
	var slot4:Float;
	var slot5:Float;
	var slot6:Float;
	var slot7:Float;
	var slot8:Float;
	var slot9:Float;
	var slot10:Float;
	var slot11:Float;
	var slot12:Float;
	var slot13:Float;
	var slot14:Float;
	var slot15:Float;
	var slot16:Float;
	var slot17:Float;
	var slot18:Float;
	var slot19:Float;
	function new():Void;
}
