package superp2p;

enum abstract Phase(Int) {
	/** Nothing is played. **/
	var Idle;
	/** A route is looked for. **/
	var Opening;
	/** What was played before is still arriving, which Flash's own class would take for the new. **/
	var Waiting;
	/** The buffer fills. **/
	var Filling;
	var Running;
	/** The end was reached, or it failed. **/
	var Over;
}
