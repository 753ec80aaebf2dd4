package superp2p;

/** What play2 has named. **/
class Change {
	public var settings(default, null):Settings;
	/** Where it begins, and how much of it is played, 0 for all, in seconds. **/
	public var start(default, null):Float;
	public var length(default, null):Float;
	/** The time at which it is changed over to. **/
	public var offset(default, null):Float;

	public function new(settings:Settings, start:Float, length:Float, offset:Float) {
		this.settings = settings;
		this.start = start > 0 ? start : 0;
		this.length = length > 0 ? length : 0;
		this.offset = offset > 0 ? offset : 0;
	}
}
