package superp2p;

import flash.events.NetStatusEvent;

/** An event of ours, apart from those of Flash's own class, which are kept from the application. **/
class Told extends NetStatusEvent {
	public function new(code:String, level:String, description:String, details:Dynamic) {
		var info:Dynamic = {code: "NetStream." + code, level: level};
		if (description != null)
			info.description = description;
		if (details != null)
			info.details = details;
		super(NetStatusEvent.NET_STATUS, false, false, info);
	}
}
