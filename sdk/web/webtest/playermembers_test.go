package webtest

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/members"
)

// TestEachMemberIsThereInAPage checks what docs/netstream.md's table says of pages, by the list that the table is made from.
func TestEachMemberIsThereInAPage(t *testing.T) {
	s := onAir(t)
	p := openBrowser(t).watch(s.ServerURL(), `stream.play("live");`)
	p.see("codes.includes('Buffer.Full') && metas.length > 0")
	n := 0
	for _, m := range members.All() {
		switch m.Kind {
		case members.Method:
			if m.Name == "resetDRMVouchers" {
				p.requireTrue("typeof superp2p.P2PNetStream."+m.Name+" === 'function'", m.Name)
			} else if m.Name == "onPeerConnect" {
				p.requireTrue("'onPeerConnect' in stream", m.Name)
			} else {
				p.requireTrue("typeof stream."+m.Name+" === 'function'", m.Name)
			}
		case members.Constant:
			p.requireTrue("typeof superp2p.P2PNetStream."+m.Name+" === 'string'", m.Name)
		case members.Property:
			p.requireTrue("stream."+m.Name+" !== undefined", m.Name)
		case members.Info:
			p.requireTrue("stream.info."+m.Name+" !== undefined", m.Name)
		case members.MulticastInfo:
			p.requireTrue("typeof stream.multicastInfo."+m.Name+" === 'number'", m.Name)
		default:
			continue // options, transitions, events and callbacks are names
		}
		n++
	}
	require.Greater(t, n, 90)
	for _, refused := range []string{"attachAudio(null)", "attachCamera(null)", "publish('a')", "send('a')"} {
		p.requireTrue("(() => { try { stream."+refused+"; } catch (e) { return e.code === 'not_supported'; } })()", refused)
	}
	p.requireTrue("(() => { try { superp2p.P2PNetStream.resetDRMVouchers(); } catch (e) { return e.code === 'not_supported'; } })()", "resetDRMVouchers")
	var set map[string]any
	require.NoError(t, json.Unmarshal([]byte(p.text(`JSON.stringify([["bufferTime", 2], ["bufferTimeMax", 4], ["backBufferTime", 10],
		["maxPauseBufferTime", 20], ["inBufferSeek", true], ["multicastPushNeighborLimit", 2], ["multicastRelayMarginDuration", 3],
		["multicastWindowDuration", 5], ["multicastFetchPeriod", 1], ["multicastAvailabilityUpdatePeriod", 1],
		["multicastAvailabilitySendToAll", true], ["checkPolicyFile", true], ["audioSampleAccess", true], ["videoSampleAccess", true],
		["useHardwareDecoder", false], ["useJitterBuffer", true]].reduce((o, [k, v]) => {
			stream[k] = v; if (stream[k] !== v) o[k] = stream[k]; return o; }, {}))`)), &set))
	require.Empty(t, set, "what was set is not kept")
	p.do("stream.soundTransform = {volume: 0.25}; stream.receiveVideo(false); stream.receiveAudio(false)")
	require.InDelta(t, 0.25, p.number("v.volume"), 0.01)
	require.Equal(t, "hidden", p.text("v.style.visibility"))
	p.do("stream.dispose()")
	p.requireTrue("stream.bufferTime === 0.1 && stream.soundTransform.volume === 1 && stream.client === stream", "dispose")
}

func (p *page) requireTrue(condition, name string) {
	p.t.Helper()
	require.Equal(p.t, 1.0, p.number("Number(Boolean("+condition+"))"), strings.TrimSpace(name))
}

// TestThePlayConfigOfPagesIsTheSchema holds the keys that pages take equal to docs/playconfig.schema.json.
func TestThePlayConfigOfPagesIsTheSchema(t *testing.T) {
	b, err := os.ReadFile("../../../docs/playconfig.schema.json")
	require.NoError(t, err)
	var schema struct {
		Properties map[string]any `json:"properties"`
	}
	require.NoError(t, json.Unmarshal(b, &schema))
	source, err := os.ReadFile("../src/player/playconfig.ts")
	require.NoError(t, err)
	_, list, found := strings.Cut(string(source), "const checks: Record<keyof PlayConfig, Check> = {\n")
	require.True(t, found)
	list, _, _ = strings.Cut(list, "};")
	keys := map[string]bool{}
	for line := range strings.Lines(list) {
		key, _, _ := strings.Cut(strings.Trim(line, " ,\n"), ":")
		keys[key] = true
	}
	for key := range schema.Properties {
		require.True(t, keys[key], "pages do not take %s", key)
	}
	require.Len(t, keys, len(schema.Properties))
}
