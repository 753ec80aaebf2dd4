package flashtest

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheOrderOfAFilmsEvents plays a film from its beginning to its end, with a pause and a seek: each event is told once, in the
// order of docs/netstream.md.
func TestTheOrderOfAFilmsEvents(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	target, _ := openFilm("film.mp4", "-movflags", "+faststart")(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": target})
	p.see("s.time > 2")
	p.act("pause", "0")
	p.act("pause", "0")
	p.see("s.told.includes('Buffer.Flush')")
	p.act("resume", "0")
	p.act("resume", "0")
	p.act("seek", "55")
	p.see("s.told.includes('Play.Complete')")
	require.Equal(t, []string{"Play.Start", "Buffer.Full", "Buffer.Flush", "Pause.Notify", "Unpause.Notify", "SeekStart.Notify", "Buffer.Empty",
		"Seek.Notify", "Buffer.Full", "Buffer.Flush", "Play.Stop", "Play.Complete"}, p.told())
}

// TestTheOrderOfALiveStreamsEvents plays a live stream until its source ends.
func TestTheOrderOfALiveStreamsEvents(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, end := openFLV(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": live})
	p.see("s.time > 5")
	p.act("toggle", "0")
	p.act("toggle", "0")
	p.see("s.time > 7")
	end()
	p.see("s.told.includes('Play.Complete')")
	told := p.told()
	for _, code := range []string{"Play.UnpublishNotify", "Buffer.Empty"} { // if that was seen before the server had given up the source
		if i := slices.Index(told, code); i >= 4 && i < 6 {
			told = slices.Delete(told, i, i+1)
		}
	}
	require.Equal(t, []string{"Play.Start", "Buffer.Full", "Pause.Notify", "Unpause.Notify", "Buffer.Flush", "Play.Stop", "Play.Complete"}, told,
		p.text("JSON.stringify(lines)"))
}
