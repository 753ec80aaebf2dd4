package flashtest

import (
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// TestALongLiveStreamStaysSmall plays so much by the page that it is opened anew, and sees that what makes FLV has not grown.
func TestALongLiveStreamStaysSmall(t *testing.T) {
	b := openBrowser(t)
	s := serve(t)
	target, _ := stagetest.CastFLV(t, "-f", "lavfi", "-i", "nullsrc=s=208x160:r=20:d=600,geq=random(1)*255:128:128",
		"-f", "lavfi", "-i", "sine=duration=600", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30",
		"-pix_fmt", "yuv420p", "-qp", "2", "-c:a", "aac")
	p := b.watch(t, inPage(s.ServerURL(), target, `{"requireP2P":true}`))
	const size = "machines.find((m) => m.exports.superp2p_choose).exports.mem.buffer.byteLength"
	p.see("s.loaded > 4e6")
	before := p.number(size)
	for n := 8; n < 48; n += 8 {
		p.see("s.loaded > " + strconv.Itoa(n<<20))
	}
	p.see("s.loaded < 20e6 && s.time > 30") // it was opened anew
	p.see("s.loaded > 8e6 && s.loaded < 20e6")
	t.Logf("%.1f MB, then %.1f MB: %s", before/1e6, p.number(size)/1e6, p.text("JSON.stringify([look(), sources.length, performance.memory?.usedJSHeapSize])"))
	require.Less(t, p.number(size), before+8e6)
	require.Equal(t, 1.0, p.number("sources.length"), "it stayed in the swarm")
	require.Empty(t, errorsOf(p.told()), p.text("JSON.stringify(lines)"))
}
