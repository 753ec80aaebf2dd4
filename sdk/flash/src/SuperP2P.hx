import flash.display.Sprite;
import flash.net.NetConnection;
import flash.net.NetStream;
import flash.system.Security;
import superp2p.Home;
import superp2p.P2PNetStream;
import superp2p.RuffleNetStream;

/** The document class: who has loaded the SWF takes content.stream. **/
class SuperP2P extends Sprite {
	@:keep public var stream:NetStream;

	public function new() {
		super();
		// Haxe sets up what its arrays and texts need in its own document class, which ours stands in for (swfbuild).
		var boot:Dynamic = untyped __global__["flash.utils.getDefinitionByName"]("boot_supe");
		untyped __new__(boot);
		try {
			Security.allowDomain("*"); // Flash Player lets SWFs of other sites have the stream
		} catch (e:Dynamic) {} // a sandbox without domains
		var connection = new NetConnection();
		connection.connect(null);
		var home = new Home(this);
		try {
			stream = new P2PNetStream(connection, home);
		} catch (e:Dynamic) { // Ruffle declares NetStream's methods with another type
			stream = cast new RuffleNetStream(connection, home);
		}
	}

	static function main() {}
}
