package superp2p;

class Routes {
	/** The ways to play, the best first. **/
	public static function of(s:Settings):Array<Route> {
		var list:Array<Route> = [];
		if (s.page && !s.httpOnly)
			list.push(new PageRoute());
		if (s.proxy != null && !s.httpOnly)
			list.push(new ProxyRoute(s.proxy));
		if (s.server != null && !s.requireP2P)
			list.push(new ServerRoute(s.server));
		return list;
	}
}
