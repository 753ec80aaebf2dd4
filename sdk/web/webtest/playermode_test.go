package webtest

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

func TestAppendedBytesArePlayedInAPage(t *testing.T) {
	cdn := readable(t, stagetest.Films(t).URL)
	s := onAir(t)
	p := openBrowser(t).watch(s.ServerURL(), `
		stream.play(null);
		stream.appendBytesAction(superp2p.P2PNetStream.RESET_BEGIN);
		fetch("`+cdn.URL+`/film.flv").then((r) => r.arrayBuffer()).then((all) => {
			window.film = new Uint8Array(all);
			for (let at = 0; at < film.length; at += 7001) stream.appendBytes(film.subarray(at, at + 7001));
			stream.appendBytesAction(superp2p.P2PNetStream.RESET_BEGIN);
			stream.appendBytes(film.subarray(0, film.length >> 1));
			stream.appendBytesAction(superp2p.P2PNetStream.END_SEQUENCE);
		});`)
	p.see("codes.includes('Buffer.Full')")
	p.moves("2")
	p.do("stream.seek(19)")
	p.see("stream.time > 21")
	p.do("stream.seek(27)")
	p.see("codes.includes('Play.Complete')")
	require.Equal(t, []string{"Play.Start", "Video.DimensionChange", "Buffer.Full"}, p.told()[:3])
	require.Zero(t, p.number("said.filter((s) => s.level === 'error').length"))
}

func TestPlay2InAPage(t *testing.T) {
	other, err := stage.Start(t.Context(), stage.Config{Bitrate: 500_000})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, other.Close()) })
	films := readable(t, stagetest.Films(t).URL)
	s, err := stage.Start(t.Context(), stage.Config{Bitrate: 1_000_000, Adjust: func(c *config.Config) {
		c.Channels["other"] = config.Channel{Source: other.SourceURL()}
		c.Origins = append(c.Origins, other.SourceURL()[len("http://"):len(other.SourceURL())-len("/live.flv")], films.URL[len("http://"):])
	}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	p := openBrowser(t).watch(s.ServerURL(), `stream.play("live", { delay: 3 });`)
	p.see("codes.includes('Buffer.Full')")
	p.do(`stream.play2({streamName: "other", transition: "switch"})`)
	p.see("codes.includes('Play.TransitionComplete')")
	require.Equal(t, []string{"Play.Start", "Video.DimensionChange", "Buffer.Full", "Play.Transition", "Play.TransitionComplete"}, p.told())
	p.moves("3")
	require.Equal(t, "other", p.text("stream.info.resourceName"))
	p.do(`codes.length = 0; stream.play2({streamName: "none", transition: "switch"})`)
	p.see("codes.includes('Play.Transition')")
	require.Equal(t, "warning", p.text("said[said.length - 1].level"))
	p.moves("1")
	p.do(`codes.length = 0; stream.play2({streamName: "` + films.URL + `/first.mp4", transition: "reset", start: 17});
		stream.play2({streamName: "` + films.URL + `/film.flv", transition: "append", start: 15, len: 3})`)
	p.see("codes.includes('Play.Complete')")
	require.Equal(t, "Play.Reset", p.told()[0])
	require.Contains(t, p.told(), "Play.TransitionComplete")
	require.Equal(t, 1.0, p.number("codes.filter((c) => c === 'Play.Stop').length"), p.text("JSON.stringify(said)"))
	require.InDelta(t, 18, p.number("stream.time"), 0.4)
}

func TestPeersAreToldInAPage(t *testing.T) {
	s := onAir(t)
	n := openNative(t, s.ServerURL())
	p := openBrowser(t).watch(s.ServerURL(), `
		window.asked = 0;
		stream.onPeerConnect = (peer) => { asked++; return peer.farID.length === 40; };
		stream.play("live");`)
	p.see("said.some((s) => s.code === 'NetStream.Connect.Success' && s.stream.farID === s.details) && asked === 1 && stream.peerStreams.length === 1")
	p.see("stream.peerStreams[0].bytesReceived > 50000")
	require.NoError(t, n.Close())
	p.see("said.some((s) => s.code === 'NetStream.Connect.Closed') && stream.peerStreams.length === 0")
	refuser := openBrowser(t).watch(s.ServerURL(), `stream.onPeerConnect = () => false; stream.play("live");`)
	openNative(t, s.ServerURL())
	refuser.see("said.some((s) => s.code === 'NetStream.Connect.Rejected') && codes.includes('Buffer.Full') && stream.peerStreams.length === 0")
}

func TestTheScriptAsAModule(t *testing.T) {
	s := onAir(t)
	p := openBrowser(t).watch(s.ServerURL(), `
		import("`+s.ServerURL()+`/sdk/superp2p.mjs").then(({P2PNetStream}) => {
			const other = new P2PNetStream();
			other.addEventListener("netStatus", (e) => codes.push(e.info.code));
			other.play("live");
		});`)
	p.see("codes.includes('NetStream.Buffer.Full')")
	answer, err := http.Get(s.ServerURL() + "/sdk/superp2p.d.ts")
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	b, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Contains(t, string(b), "class P2PNetStream")
}
