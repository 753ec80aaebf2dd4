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
