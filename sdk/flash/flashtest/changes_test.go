package flashtest

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// openFilms serves one.flv and two.flv, of the same length and with other pictures.
func openFilms(t *testing.T) (one, two string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		stagetest.Make(t, append(picture(filmLength), filepath.Join(dir, name+".flv"))...)
	}
	site := stagetest.Folder(t, dir).URL
	return site + "/one.flv", site + "/two.flv"
}

// play2 has the host call play2; more are further properties of its options in JavaScript.
func (p *page) play2(name, transition, more string) {
	p.act("play2", fmt.Sprintf("{streamName: '%s', transition: '%s', %s}", name, transition, more))
}

// TestPlay2InAFilm changes over to another encoding at the same time, appends one, ends, and plays a part.
func TestPlay2InAFilm(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	one, two := openFilms(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": one})
	p.see("s.time > 4")
	p.act("forget", "0")
	p.play2(two+".missing.mp4", "switch", "")
	p.see("s.told.includes('Play.Transition')")
	require.Equal(t, []string{"Play.Transition"}, p.told())
	require.Contains(t, p.text("lines.find((l) => l.includes('Play.Transition'))"), "warning", "and what is played goes on")
	at := p.number("look().time")
	p.see(fmt.Sprintf("s.time > %f", at+1))
	p.act("forget", "0")
	p.play2(two, "swap", "oldStreamName: 'another'")
	require.Equal(t, []string{"Play.Transition"}, p.told())
	p.act("forget", "0")
	p.play2(two, "switch", "oldStreamName: '"+one+"'")
	p.see("s.told.includes('Play.TransitionComplete')")
	require.Greater(t, p.number("look().time"), at-2, "at the same time, from the keyframe before")
	require.Equal(t, two, p.text("look().info.name"))
	p.number("shown.clear(); 0")
	p.see("shown.size > 10")
	require.Equal(t, []string{"Play.Transition", "Play.TransitionComplete"}, onlyTransitions(p.told()))
	require.Empty(t, errorsOf(p.told()))

	p.act("forget", "0")
	p.play2(one, "append", "start: 10, len: 3")
	p.act("seek", "57")
	p.see("s.told.includes('Play.TransitionComplete')")
	require.InDelta(t, filmLength, p.number("look().time"), 2.5, "time goes on")
	require.NotContains(t, p.told(), "Play.Stop")
	p.see("s.told.includes('Play.Complete')")
	require.InDelta(t, filmLength+3, p.number("look().time"), 0.5)
	require.Equal(t, []string{"SeekStart.Notify", "Buffer.Empty", "Seek.Notify", "Buffer.Full", "Buffer.Flush", "Play.Transition",
		"Play.TransitionComplete", "Buffer.Flush", "Play.Stop", "Play.Complete"}, p.told())

	p.act("forget", "0")
	p.play2(two, "reset", "start: 20, len: 2")
	p.see("s.told.includes('Play.Complete')")
	require.InDelta(t, 22, p.number("look().time"), 2.1, "from the keyframe beside it")
	require.Equal(t, []string{"Play.Start", "Buffer.Full", "Buffer.Flush", "Play.Stop", "Play.Complete"}, p.told())
	p.act("forget", "0")
	p.play2(two, "switch", "")
	require.Equal(t, []string{"Play.Transition"}, p.told(), "there is nothing to change over from")
	p.act("forget", "0")
	p.play2(one, "append", "start: 30, len: 2")
	p.see("s.told.includes('Play.Complete')")
	require.InDelta(t, 32, p.number("look().time"), 2.1, "time begins anew: %s", p.text("JSON.stringify(look())+JSON.stringify(lines.filter((l) => l.includes('NetStream.')))"))
	require.Equal(t, []string{"Play.Transition", "Play.Start", "Buffer.Full"}, p.told()[:3], p.text("JSON.stringify(lines.slice(-60))"))
}

// onlyTransitions leaves out what the buffer says, which depends on how fast it goes.
func onlyTransitions(codes []string) (list []string) {
	for _, c := range codes {
		if len(c) > 6 && c[:6] != "Buffer" {
			list = append(list, c)
		}
	}
	return list
}

// TestPlay2OfALiveStream changes over to another one, refuses a film, and ends with what is held.
func TestPlay2OfALiveStream(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	one, _ := openFLV(t)
	two, _ := openFLV(t)
	film, _ := openFilm("film.flv")(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": one})
	p.see("s.time > 2")
	p.act("forget", "0")
	p.play2(film, "switch", "")
	p.see("s.told.includes('Play.Transition')")
	require.Contains(t, p.text("lines.find((l) => l.includes('Play.Transition'))"), "do not go together")
	p.act("forget", "0")
	at := p.number("look().time")
	p.play2(two, "switch", fmt.Sprintf("offset: %f", at+3))
	p.see("s.told.includes('Play.TransitionComplete')")
	require.Greater(t, p.number("look().time"), at+3, "not before")
	p.number("shown.clear(); loudest = 0")
	p.see("shown.size > 10 && loudest > 0.01")
	require.Equal(t, []string{"Play.Transition", "Play.TransitionComplete"}, onlyTransitions(p.told()))
	p.act("forget", "0")
	p.play2("", "stop", "")
	p.see("s.told.includes('Play.Complete')")
	require.Equal(t, []string{"Buffer.Flush", "Play.Stop", "Play.Complete"}, p.told())
}
