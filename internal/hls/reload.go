package hls

import "time"

// ReloadAfter returns how long to wait from the last load of a media playlist to the next (RFC 8216, 6.3.4): a target
// duration if that load brought something new (Change.Changed) or was the first, half of one if not. Of a playlist
// with parts it is the part's target instead. False says that it need not be loaded again: it is complete.
//
// Who asks a server with ServerControl.CanBlockReload to hold its answer until there is news need not wait at all.
func ReloadAfter(m *Media, changed bool) (time.Duration, bool) {
	if m.EndList || m.Type == VOD {
		return 0, false
	}
	wait := m.TargetDuration
	if m.PartTarget > 0 {
		wait = min(wait, m.PartTarget)
	}
	if !changed {
		wait /= 2
	}
	return wait, true
}
