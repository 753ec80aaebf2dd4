package main

import (
	_ "embed"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const flash = "../../sdk/flash/"

// newer are classes and members that Flash Player 10.1 does not have and that no class of its own has by the same name.
//
//go:embed testdata/newer.txt
var newer string

func committed(t *testing.T, name string) *movie {
	t.Helper()
	file, err := os.ReadFile(flash + name)
	require.NoError(t, err)
	require.LessOrEqual(t, len(file), maxSize)
	m, err := parse(file)
	require.NoError(t, err)
	return m
}

func TestTheCommittedSWFIsWhatTheSourcesMake(t *testing.T) {
	version, err := haxe()
	if err != nil || version != haxeVersion {
		t.Skipf("Haxe %s is missing (make tools installs Debian's): found %q, %v", haxeVersion, version, err)
	}
	for _, one := range movies {
		file, err := build(flash+one.src, one.class)
		require.NoError(t, err)
		built, err := parse(file)
		require.NoError(t, err)
		m := committed(t, one.file)
		require.Equal(t, m.head, built.head)
		require.True(t, slices.EqualFunc(m.tags, built.tags, func(a, b tag) bool {
			return a.code == b.code && string(a.body) == string(b.body)
		}), "call make swf and commit sdk/flash/"+one.file)
	}
}

func TestTheSWFIsForFlashPlayer101(t *testing.T) {
	for _, one := range movies {
		requirePlayer101(t, committed(t, one.file), one.class)
	}
}

func requirePlayer101(t *testing.T, m *movie, class string) {
	t.Helper()
	require.EqualValues(t, playerVersion, m.version)
	document := ""
	for _, tag := range m.tags {
		if tag.code == tagSymbolClass {
			list, err := symbols(tag.body)
			require.NoError(t, err)
			document = list[0].class
		}
	}
	require.Equal(t, class, document)
	names, err := m.names()
	require.NoError(t, err)
	require.Contains(t, names, name{"flash.net", "NetStream"})
	too := strings.Fields(newer)
	require.Greater(t, len(too), 100)
	for _, n := range names {
		require.False(t, n.space == "haxe" || strings.HasPrefix(n.space, "haxe.") || n.space == "" && slices.Contains(library, n.local) || n == name{"flash", "Boot"},
			"%v may be in a program, too: add it to library", n)
		require.False(t, slices.Contains(too, n.local) || slices.Contains(too, n.space+"."+n.local), "%v is newer than 10.1", n)
	}
}

func TestNamesAreFound(t *testing.T) {
	m := committed(t, "superp2p.swf")
	names, err := m.names()
	require.NoError(t, err)
	for _, local := range []string{"p2pStat", "onPlayStatus"} {
		require.True(t, slices.ContainsFunc(names, func(n name) bool { return n.local == local }), local)
	}
	for i := range m.tags {
		if m.tags[i].code == tagDoABC {
			m.tags[i].body = m.tags[i].body[:len(m.tags[i].body)/16]
		}
	}
	_, err = m.names()
	require.ErrorIs(t, err, errABC)
}

func TestWhatIsNoSWF(t *testing.T) {
	for _, file := range []string{"", "FWS", "GWS\x0a\x00\x00\x00\x00\x00", "CWS\x0a\x00\x00\x00\x00abc", "FWS\x0a\x00\x00\x00\x00\xff",
		"FWS\x0a\x00\x00\x00\x00\x08\x00\x00\x00\x00\x00\x3f\x13\xff\xff\xff\x7f"} {
		_, err := parse([]byte(file))
		require.Error(t, err, "%q", file)
	}
}

// TestWhatRuffleNeedsIsThere looks at setters, and at assignments to slots, which Haxe cannot make as Ruffle needs them.
func TestWhatRuffleNeedsIsThere(t *testing.T) {
	c := committed(t, "superp2p.swf").code(t)
	types := map[string]map[int]bool{}
	for _, k := range c.classes {
		types[k.name] = map[int]bool{}
		for _, method := range k.setters {
			s := c.spots[method]
			p := pool{b: c.whole[s.at : s.at+s.size]}
			types[k.name][p.u30()] = true
		}
		if k.name != "RuffleFigures" {
			continue
		}
		for name, slots := range map[string]int{"fillInfo": 25, "fillMulticast": 19} {
			require.Contains(t, k.statics, name)
			body := c.bodies[k.statics[name]]
			require.ErrorContains(t, c.fill(body), "no slot")
			for i := range slots {
				require.Equal(t, 1, strings.Count(string(body), string([]byte{setSlot, byte(i+1) | 0x80, 0})), "%s: slot%d", name, i+1)
			}
		}
	}
	require.Equal(t, map[int]bool{0: true}, types["RuffleNetStream"])
	require.NotContains(t, types["P2PNetStream"], 0)
	require.Len(t, types["P2PNetStream"], 1, "void")
}

// code reads the bytecode.
func (m *movie) code(t *testing.T) *code {
	t.Helper()
	for _, tag := range m.tags {
		if tag.code == tagDoABC {
			b := tag.body[4+strings.IndexByte(string(tag.body[4:]), 0)+1:]
			for _, cut := range []int{0, 1, len(b) / 3, len(b) / 2, len(b) - 1} {
				_, err := readCode(b[:cut])
				require.ErrorIs(t, err, errABC)
			}
			c, err := readCode(b)
			require.NoError(t, err)
			return c
		}
	}
	require.Fail(t, "there is no bytecode")
	return nil
}

func TestAssignmentsToSlotsAreCertain(t *testing.T) {
	c := &code{pool: pool{locals: []string{"", "other", "slot3"}}}
	body := []byte{0xd1, 0xd2, initProperty, 2, initProperty, 1}
	require.NoError(t, c.fill(body))
	require.Equal(t, []byte{0xd1, 0xd2, setSlot, 3, initProperty, 1}, body)
	require.ErrorContains(t, c.fill([]byte{initProperty, 2, initProperty, 2}), "twice")
	require.ErrorContains(t, c.fill(nil), "no slot")
	require.Equal(t, []byte{0x80, 0x80, 0}, u30(0, 3))
	require.Equal(t, []byte{0xac, 2}, u30(300, 2))
	require.Nil(t, u30(300, 1))
}
