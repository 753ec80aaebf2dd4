package webtest

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/peer"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// kind is something that can be played.
type kind struct {
	name string
	// open puts it on the air and has a native peer watch it. It returns what pages play, and what ends it if it is live.
	open func(t *testing.T, s *stage.Stage, dir string) (target string, end func())
	// film: it can be sought in.
	film bool
}

var kinds = []kind{
	{"rtmp", openRTMP, false},
	{"flv-live", openFLV, false},
	{"flv-file", openFilm("film.flv"), true},
	{"mp4", openFilm("film.mp4", "-movflags", "+faststart"), true},
	{"hls-ts-live", openLiveList, false},
	{"hls-fmp4-vod", openList, true},
}

// picture is what ffmpeg shows for so many seconds. It costs decoders little, and says where it is.
func picture(seconds int) []string {
	n := strconv.Itoa(seconds)
	return []string{"-f", "lavfi", "-i", "testsrc=size=160x90:rate=25:duration=" + n, "-f", "lavfi", "-i", "sine=duration=" + n,
		"-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-b:v", "600k", "-c:a", "aac"}
}

// filmLength is that of what can be sought in, in seconds.
const filmLength = 60

// TestTwoPagesAndAPeerShareEachKind plays each kind of URL for 20 s in two pages beside a native peer, seeks where it is a
// film, and sees its end.
func TestTwoPagesAndAPeerShareEachKind(t *testing.T) {
	b := openBrowser(t)
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			b := &browser{t, b.ctx}
			s := serverForAll(t)
			target, end := k.open(t, s, t.TempDir())
			script := `stream.play("` + target + `");`
			pages := []*page{b.watch(s.ServerURL(), script), b.watch(s.ServerURL(), script)}
			for _, p := range pages {
				p.see("codes.includes('Buffer.Full') && stream.stats.peers >= 1")
				p.do("window.from = stream.time; window.frames = stream.decodedFrames")
			}
			for _, p := range pages {
				p.see("stream.time > from + 20 && stream.decodedFrames > frames + 400")
				if !k.film { // for so long that what a start takes from the server weighs little
					p.see("stream.time > from + 40 && stream.decodedFrames > frames + 800")
				}
				require.Equal(t, []string{"Play.Start", "Video.DimensionChange", "Buffer.Full"}, p.told()[:3])
				require.NotContains(t, p.told(), "Buffer.Empty", p.text("JSON.stringify([said, stream.stats])"))
			}
			if k.film {
				for _, p := range pages {
					p.do("codes.length = 0; stream.seek(50)")
				}
				for _, p := range pages {
					p.see("codes.includes('Seek.Notify') && stream.time > 51")
				}
			} else {
				end()
			}
			pages[0].picture("playing")
			fromPeers, fromOthers := 0.0, 0.0
			for i, p := range pages {
				p.see("codes.includes('Play.Stop') && v.ended")
				require.Equal(t, 1.0, p.number("codes.filter((c) => c === 'Play.Stop').length"))
				require.NotContains(t, p.told(), "Play.Failed")
				t.Logf("page %d: %s", i, p.text("JSON.stringify(stream.stats)"))
				peers, others := p.number("stream.stats.peerBytes"), p.number("stream.stats.serverBytes") // and those of origins
				t.Logf("page %d: %.1f %% of %.0f KB came from peers", i, 100*peers/(peers+others), (peers+others)/1024)
				fromPeers, fromOthers = fromPeers+peers, fromOthers+others
			}
			require.Greater(t, fromPeers, fromOthers)
		})
	}
}

// serverForAll starts a server that may pull from this machine and gives up soon what does not come back.
func serverForAll(t *testing.T) *stage.Stage {
	t.Helper()
	s, err := stage.Start(t.Context(), stage.Config{Adjust: func(c *config.Config) {
		c.Origins = []string{"127.0.0.1"}
		c.RTMP = "127.0.0.1:0"
		c.GiveUp = 2 * time.Second
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

// openRTMP has a server of its own as the origin.
func openRTMP(t *testing.T, s *stage.Stage, _ string) (string, func()) {
	origin := serverForAll(t)
	target := "rtmp://" + origin.Server.RTMPAddr() + "/live/kinds"
	end := stagetest.Cast(t, append(picture(600), "-f", "flv", target)...)
	stagetest.OnAir(t, origin.ServerURL(), "live/kinds")
	watchLive(t, s.ServerURL(), target)
	return target, end
}

func openFLV(t *testing.T, s *stage.Stage, _ string) (string, func()) {
	target, end := stagetest.CastFLV(t, picture(600)...)
	watchLive(t, s.ServerURL(), target)
	return target, end
}

// watchLive has a native peer watch a live stream.
func watchLive(t *testing.T, server, target string) *peer.Viewer {
	t.Helper()
	v, err := peer.Open(t.Context(), peer.Config{Server: server}, target)
	require.NoError(t, err)
	r := v.NewReader()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, err := r.ReadTag(); err == nil; {
			_, err = r.ReadTag()
		}
	}()
	t.Cleanup(func() {
		require.NoError(t, v.Close())
		<-done
	})
	return v
}

func openFilm(name string, args ...string) func(*testing.T, *stage.Stage, string) (string, func()) {
	return func(t *testing.T, s *stage.Stage, dir string) (string, func()) {
		stagetest.Make(t, append(append(picture(filmLength), args...), filepath.Join(dir, name))...)
		target := readable(t, stagetest.Folder(t, dir).URL).URL + "/" + name
		watchFile(t, s.ServerURL(), target)
		return target, nil
	}
}

func openList(t *testing.T, s *stage.Stage, dir string) (string, func()) {
	stagetest.Make(t, append(picture(filmLength), "-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4",
		filepath.Join(dir, "film.m3u8"))...)
	target := readable(t, stagetest.Folder(t, dir).URL).URL + "/film.m3u8"
	native := openHLS(t, s.ServerURL(), target, peer.Config{Unpaced: true})
	require.Eventually(t, func() bool { return len(native.digests()) == filmLength/4 }, patience, eachCheck, "it has seen all of it")
	return target, nil
}

func openLiveList(t *testing.T, s *stage.Stage, dir string) (string, func()) {
	end := stagetest.Cast(t, append(picture(600), "-f", "hls", "-hls_time", "2", "-hls_list_size", "6", "-hls_flags", "temp_file",
		filepath.Join(dir, "live.m3u8"))...)
	require.Eventually(t, func() bool { // three segments are what players begin with
		_, err := os.Stat(filepath.Join(dir, "live2.ts"))
		return err == nil
	}, patience, eachCheck)
	target := readable(t, stagetest.Folder(t, dir).URL).URL + "/live.m3u8"
	openHLS(t, s.ServerURL(), target)
	return target, end
}
