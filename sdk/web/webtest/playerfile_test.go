package webtest

import (
	"net/http/httputil"
	"net/url"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// readable has pages read an origin.
func readable(t *testing.T, at string) *cdn {
	t.Helper()
	u, err := url.Parse(at)
	require.NoError(t, err)
	return openOrigin(t, httputil.NewSingleHostReverseProxy(u), false)
}

// requireFilm plays a film of 20 s to 3 s, seeks to 12 s, which is not held, and to 17 s, and plays it to its end.
func requireFilm(t *testing.T, p *page) {
	t.Helper()
	p.see("codes.includes('Buffer.Full')")
	require.Equal(t, []string{"Play.Start", "Video.DimensionChange", "Buffer.Full"}, p.told()[:3])
	p.moves("3")
	p.do("codes.length = 0; stream.seek(12)")
	p.see("codes.includes('Seek.Notify') && stream.time > 12.5 && stream.time < 16")
	require.Equal(t, "SeekStart.Notify", p.told()[0])
	p.do("stream.pause(); stream.pause()")
	p.see("codes.includes('Pause.Notify')")
	p.do("codes.length = 0; window.at = stream.time; stream.step(1)")
	p.see("codes.includes('Step.Notify') && stream.time > at")
	p.do("stream.seek(1000)")
	p.see("codes.includes('Seek.InvalidTime')")
	require.InDelta(t, 20, p.number("Number(said.find((s) => s.code === 'NetStream.Seek.InvalidTime').details)"), 0.5)
	p.do("codes.length = 0; stream.seek(17); stream.resume()")
	p.see("codes.includes('Play.Complete')")
	require.Subset(t, p.told(), []string{"SeekStart.Notify", "Seek.Notify", "Unpause.Notify"})
	told := p.told()
	require.Equal(t, []string{"Play.Stop", "Play.Complete"}, told[len(told)-2:])
	require.Equal(t, 1.0, p.number("codes.filter((c) => c === 'Buffer.Flush').length"))
	require.InDelta(t, 20, p.number("stream.time"), 0.5)
	p.do("codes.length = 0; stream.seek(18)")
	p.see("codes.includes('Play.Complete')")
	require.Zero(t, p.number("said.filter((s) => s.level === 'error' && s.code.includes('.Play.')).length"))
}

func TestFilmsArePlayedInAPage(t *testing.T) {
	films := stagetest.Films(t)
	b := openBrowser(t)
	for _, name := range []string{"film.flv", "first.mp4", "last.mp4", "fragments.mp4"} {
		t.Run(name, func(t *testing.T) {
			b := &browser{t, b.ctx}
			cdn := readable(t, films.URL)
			s := serverFor(t, cdn.URL)
			target := cdn.URL + "/" + name
			watchFile(t, s.ServerURL(), target)
			p := b.watch(s.ServerURL(), `stream.play("`+target+`");`)
			requireFilm(t, p)
			t.Log(p.text("JSON.stringify([stream.info, stream.bytesLoaded, stream.bytesTotal, stream.audioCodec, stream.videoCodec, stream.multicastInfo])"))
			require.Positive(t, p.number("stream.multicastInfo.bytesRequestedFromPeers"))
			require.InDelta(t, 20, p.number("metas[0].duration"), 0.5)
		})
	}
}

// TestSeekingWhereNothingIsHeld seeks in films of two minutes, of which players hold 40 s; one does not say where its keyframes are.
func TestSeekingWhereNothingIsHeld(t *testing.T) {
	dir := t.TempDir()
	film := []string{"-v", "error", "-f", "lavfi", "-i", "testsrc=size=160x90:rate=25:duration=120", "-f", "lavfi", "-i", "sine=duration=120",
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac"}
	out, err := exec.Command(stagetest.Tool(t, "ffmpeg"), append(film, dir+"/film.flv", dir+"/film.mp4")...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	cdn := readable(t, stagetest.Folder(t, dir).URL)
	s := serverFor(t, cdn.URL)
	b := openBrowser(t)
	for _, name := range []string{"film.flv", "film.mp4"} {
		t.Run(name, func(t *testing.T) {
			p := (&browser{t, b.ctx}).watch(s.ServerURL(), `stream.play("`+cdn.URL+`/`+name+`");`)
			p.see("codes.includes('Buffer.Full')")
			for _, at := range []string{"100", "5"} {
				p.do("codes.length = 0; stream.seek(" + at + ")")
				p.see("codes.includes('Buffer.Full') && stream.time > " + at + " + 1 && stream.time < " + at + " + 8")
				require.Equal(t, []string{"SeekStart.Notify", "Buffer.Empty", "Seek.Notify", "Buffer.Full"}, p.told()[:4])
				require.NotContains(t, p.told()[4:], "Buffer.Empty")
			}
			p.moves("2")
			p.do("codes.length = 0; stream.seek(118)")
			p.see("codes.includes('Play.Complete')")
			require.Equal(t, []string{"Buffer.Flush", "Play.Stop", "Play.Complete"}, p.told()[len(p.told())-3:])
			require.LessOrEqual(t, len(p.told()), 7, p.told())
			require.InDelta(t, 120, p.number("stream.time"), 0.5)
		})
	}
}

func TestPlaylistsArePlayedInAPage(t *testing.T) {
	films := stagetest.HLS(t)
	b := openBrowser(t)
	for _, name := range []string{"ts.m3u8", "fmp4.m3u8", "master.m3u8"} {
		t.Run(name, func(t *testing.T) {
			b := &browser{t, b.ctx}
			cdn := readable(t, films.URL)
			s := serverFor(t, cdn.URL)
			target := cdn.URL + "/" + name
			if name != "master.m3u8" {
				openHLS(t, s.ServerURL(), target)
			}
			p := b.watch(s.ServerURL(), `stream.play("`+target+`");`)
			requireFilm(t, p)
			t.Log(p.text("JSON.stringify([stream.info, stream.multicastInfo])"))
			if name != "master.m3u8" {
				require.Positive(t, p.number("stream.multicastInfo.bytesRequestedFromPeers"))
			}
		})
	}
}

func TestALivePlaylistIsPlayedInAPage(t *testing.T) {
	cdn := openOrigin(t, origin.NewHLS(origin.HLSConfig{Bitrate: 800_000}), true)
	s := serverFor(t, cdn.URL)
	target := cdn.URL + "/index.m3u8"
	openHLS(t, s.ServerURL(), target)
	p := openBrowser(t).watch(s.ServerURL(), `stream.play("`+target+`");`)
	p.see("codes.includes('Buffer.Full')")
	require.Equal(t, []string{"Play.Start", "Video.DimensionChange", "Buffer.Full"}, p.told())
	p.moves("8")
	p.see("stream.multicastInfo.bytesPushedFromPeers + stream.multicastInfo.bytesRequestedFromPeers > 100000")
	t.Log(p.text("JSON.stringify([stream.time, stream.liveDelay, stream.bufferLength, stream.multicastInfo])"))
}
