package flashtest

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFiguresAndSettingsInRuffle reads what Ruffle's own class has only stubs of.
func TestFiguresAndSettingsInRuffle(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": live})
	p.see("s.time > 4 && s.info.bytes > 100000")
	t.Log(p.text("JSON.stringify(look())"))
	p.see("s.info.rate > 20000 && s.info.most >= s.info.rate && s.info.audio > 10000 && s.info.video > s.info.audio && s.info.played > 20000")
	p.see("s.info.live && s.info.dropped === 0 && s.info.loss === 0 && s.info.held > 0.5 && s.info.name === '" + live + "'")
	require.Contains(t, p.text("look().info.uri"), s.ServerURL()+"/v1/flv?")
	p.see("s.multicastInfo.server === s.info.bytes && s.multicastInfo.taken === 0 && s.multicastInfo.ip === 0 && s.multicastInfo.rate > 20000")
	p.see("s.videoCodec === 7 && s.audioCodec === 10 && Math.abs(s.fps - 20) < 4 && s.decoded > 60 && s.decoded < s.time * 25")
	p.see("s.bufferTime === 0.1 && s.backBufferTime === 30 && s.maxPauseBufferTime === 60 && s.volume === 1 && s.limit === 4")
	p.act("limit", "9")
	p.act("bufferTime", "8")
	p.see("s.limit === 9 && s.bufferTime === 8")
	p.act("forget", "0")
	p.act("play", "'"+live+"'")
	p.see("s.told.includes('Play.Start')")
	p.number("window.least = 99; setInterval(() => { const s = look(); if (s.told.length === 3) least = Math.min(least, s.bufferLength + s.time) }, 20); 0")
	p.see("s.told.includes('Buffer.Full') && s.time > 1")
	require.Greater(t, p.number("least"), 7.8, "so much is held before it plays")
	require.Equal(t, []string{"Play.Reset", "Play.Start", "Buffer.Full"}, p.told())
}

// TestStepsShowLaterPictures steps through a paused film.
func TestStepsShowLaterPictures(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	target, _ := openFilm("film.flv")(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": target})
	p.see("s.time > 2")
	p.act("forget", "0")
	p.act("step", "1")
	require.Equal(t, []string{"Step.Failed"}, p.told(), "it is not paused")
	p.act("pause", "0")
	for _, frames := range []float64{1, 5, 20} {
		p.act("forget", "0")
		at, before := p.number("look().time"), p.text("picture()")
		p.act("step", fmt.Sprint(frames))
		p.see("s.told.length > 0")
		if frames > 10 { // less changes too little to be seen in small
			p.see("picture() !== " + fmt.Sprintf("%q", before))
		}
		require.Equal(t, []string{"Step.Notify"}, p.told())
		require.InDelta(t, frames/20, p.number("look().time")-at, 0.2, "on a busy machine")
	}
	at := p.number("look().time")
	for _, frames := range []string{"-1", "0", "99999"} {
		p.act("forget", "0")
		p.act("step", frames)
		require.Equal(t, []string{"Step.Failed"}, p.told(), frames)
	}
	require.InDelta(t, at, p.number("look().time"), 0.001)
	require.Empty(t, errorsOf(p.told()))
}

// TestWhatIsNotToBeReceivedIsNotSent leaves out the sound, then the picture, and has both again.
func TestWhatIsNotToBeReceivedIsNotSent(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	film, _ := openFilm("film.flv")(t)
	for _, target := range []string{live, film} {
		p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": target})
		p.see("s.time > 2 && loudest > 0.01")
		told := p.told()
		quiet := func(act, value string) {
			p.act(act, value)
			p.see("s.info.audio === 0 && s.info.video > 10000 && s.bufferLength > 0.2")
			p.number("shown.clear(); setTimeout(() => { loudest = 0; shown.clear() }, 500); 0") // what was being played
			at := p.number("look().time")
			p.see(fmt.Sprintf("s.time > %f && shown.size > 5", at+2))
			require.Less(t, p.number("loudest"), 0.01)
		}
		quiet("receiveAudio", "false")
		p.act("receiveAudio", "true")
		p.see("loudest > 0.01 && s.info.audio > 0")
		quiet("volume", "0")
		require.Zero(t, p.number("look().volume"))
		p.act("volume", "0.5")
		p.see("loudest > 0.01 && s.info.audio > 0 && s.volume === 0.5")
		p.act("receiveVideo", "false")
		p.see("s.info.video === 0 && s.info.audio > 1000")
		at := p.number("loudest = 0; look().time")
		p.see(fmt.Sprintf("s.time > %f && loudest > 0.01", at+1))
		require.Equal(t, told, p.told()[:len(told)])
		p.act("forget", "0")
		p.act("receiveAudio", "false")
		require.Equal(t, []string{"Failed"}, p.told(), "nothing would be left")
		p.act("receiveVideo", "true")
		p.number("shown.clear(); 0")
		p.see("shown.size > 5 && s.info.video > 10000")
	}
}

// TestWhatTheSWFCannotDoIsAnswered: never silence.
func TestWhatTheSWFCannotDoIsAnswered(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	live, _ := openFLV(t)
	p := b.watch(t, vars{"sdk": s.ServerURL() + "/sdk/superp2p.swf?proxy=off", "url": live})
	p.see("s.time > 1")
	for _, c := range []struct{ act, value, code string }{
		{"publish", "'camera'", "Publish.BadName"}, {"send", "1", "Failed"}, {"attach", "0", "Failed"}, {"appendBytes", "0", "Failed"},
		{"receiveVideoFPS", "5", "Failed"},
	} {
		p.act("forget", "0")
		p.act(c.act, c.value)
		require.Equal(t, []string{c.code}, p.told(), c.act)
		require.Contains(t, p.text("lines[lines.length - 1]"), "error", c.act)
	}
	p.act("forget", "0")
	p.act("receiveVideoFPS", "0") // all: as it is
	at := p.number("look().time")
	p.see(fmt.Sprintf("s.time > %f", at+1))
	require.Empty(t, p.told(), "what is played goes on")
}
