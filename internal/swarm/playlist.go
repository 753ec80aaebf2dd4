package swarm

import "time"

// The range of Config.Delay that viewers offer, and what it is if nobody chose one.
const (
	MinDelay     = minDelay
	MaxDelay     = 30 * time.Second
	DefaultDelay = 6 * time.Second
)

// playlistMargin is the time that a player needs to notice and load a segment.
const playlistMargin = 500 * time.Millisecond

// PlaylistDelay is how far behind the live edge a viewer plays an HLS playlist with that target duration, unless it was told.
// Players begin three segments before the newest and load each as it is listed: all of it is to be there before the two that are
// listed before it are over. With short segments the usual delay is as good for players, and more of the first segments comes
// from peers.
func PlaylistDelay(target time.Duration) time.Duration {
	return min(max(DefaultDelay, 2*target-playlistMargin), MaxDelay)
}

// PlaylistLead is the Config.Lead of such a viewer: a player that is so far behind live, three segments at the least, needs the
// whole of a segment when it comes to its beginning. The margin is for the last slices, which peers bring in nearly all cases
// before the first is due; without it much that they would bring is taken from the server.
func PlaylistLead(delay, target time.Duration) time.Duration {
	return max(0, delay-max(MinDelay, max(delay, 3*target)-target+playlistMargin))
}
