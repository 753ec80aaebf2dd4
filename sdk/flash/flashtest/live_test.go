package flashtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestALiveStreamIsSoughtInWhereItIsHeld goes back in what was played, forward in what is held, and beyond both.
func TestALiveStreamIsSoughtInWhereItIsHeld(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": live})
	p.see("s.time > 9 && s.backBufferLength > 8")
	p.act("forget", "0")
	p.act("seek", "3")
	p.see("s.told.includes('Seek.Notify')")
	require.InDelta(t, 2.5, p.number("look().time"), 1.6, "the keyframe before it")
	require.Equal(t, []string{"SeekStart.Notify", "Seek.Notify"}, p.told())
	require.Greater(t, p.number("look().bufferLength"), 5.0, "it is behind now")
	require.Greater(t, p.number("look().liveDelay"), 5.0)
	p.number("shown.clear(); loudest = 0")
	p.see("shown.size > 10 && loudest > 0.01 && s.time > 4.5 && s.time < 8")
	p.act("pause", "0")
	p.act("forget", "0")
	p.act("seek", "look().time + 3")
	p.see("s.told.includes('Seek.Notify')")
	p.act("resume", "0")
	p.see("s.time > 9")
	require.Equal(t, []string{"SeekStart.Notify", "Seek.Notify", "Unpause.Notify"}, p.told())
	p.act("forget", "0")
	p.act("seek", "999")
	require.Equal(t, []string{"Seek.InvalidTime"}, p.told())
	p.act("forget", "0")
	p.act("backBufferTime", "1")
	p.act("seek", "0")
	require.Equal(t, []string{"Seek.InvalidTime"}, p.told(), "that is not kept any more")
	p.act("play", "'"+live+"'")
	p.act("forget", "0")
	p.act("seek", "1")
	p.see("s.time > 1")
	require.Empty(t, errorsOf(p.told()), "before it has begun it is no failure of the play")
}

// TestALiveStreamIsOpenedAnewBeforeItFillsTheMemory has a small memory: the picture goes on, time goes on, and nothing is told.
func TestALiveStreamIsOpenedAnewBeforeItFillsTheMemory(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf", "url": live, "config": `{"proxy":"off","memory":0.5}`})
	p.see("s.time > 1")
	p.act("forget", "0")
	p.number("window.addresses = new Set(); window.most = 0; window.back = 0; window.before = 0; setInterval(() => { const s = look();" +
		"addresses.add(s.info?.uri); most = Math.max(most, s.loaded); if (s.time < before) back++; before = s.time }, 100); 0")
	p.see("addresses.size >= 3") // it was opened anew, and again
	at := p.number("shown.clear(); loudest = 0; look().time")
	p.see(fmt.Sprintf("s.time > %f && shown.size > 20 && loudest > 0.01", at+2))
	require.Less(t, p.number("most"), 1024*1024.0)
	require.Zero(t, p.number("back"), "time does not go back")
	require.Empty(t, p.told())
}

// TestALongPauseOfALiveStreamEndsNearTheLiveEdge pauses for longer than is kept.
func TestALongPauseOfALiveStreamEndsNearTheLiveEdge(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": live})
	p.see("s.time > 2")
	p.act("forget", "0")
	p.act("pause", "0")
	p.see("s.bufferLength > 5") // it is kept: nothing is lost
	at := p.number("look().time")
	p.act("resume", "0")
	p.see(fmt.Sprintf("s.time > %f && s.bufferLength > 4", at+1))
	require.Equal(t, []string{"Pause.Notify", "Unpause.Notify"}, p.told())
	p.act("forget", "0")
	p.act("maxPauseBufferTime", "3")
	p.act("pause", "0")
	p.see("s.info.uri === null") // its connection was ended
	at = p.number("look().time")
	p.number("shown.clear(); loudest = 0")
	p.act("resume", "0")
	p.see(fmt.Sprintf("s.time > %f && shown.size > 10 && loudest > 0.01", at+2))
	require.Less(t, p.number("look().liveDelay"), 8.0, "near the live edge")
	require.Equal(t, []string{"Pause.Notify", "Unpause.Notify"}, p.told(), "nothing else is told")
}
