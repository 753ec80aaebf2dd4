package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/stretchr/testify/require"
)

func TestQuartilesAndMedians(t *testing.T) {
	require.Equal(t, [3]float64{2, 3, 4}, quartiles([]float64{5, 1, 4, 2, 3}))
	require.Equal(t, [3]float64{7, 7, 7}, quartiles([]float64{7}))
	list := []reading{{rss: 3}, {rss: 1}, {rss: 2}}
	require.InDelta(t, 2, median(list, func(r reading) float64 { return r.rss }), 0)
}

func TestWhoseCodeRan(t *testing.T) {
	for _, c := range []struct{ name, url, whose string }{
		{"(idle)", "", ""},
		{"(program)", "", "browser"},
		{"(garbage collector)", "", "collector"},
		{"wasm-function[7]", "wasm://wasm/0a1b", "engine"},
		{"flush", "http://127.0.0.1/sdk/superp2p.js", "SDK"},
		{"remux", "http://127.0.0.1/sdk/mpegts.mjs", "player"},
		{"send", "", "built in"},
		{"figures", "http://127.0.0.1/webbench", "page"},
	} {
		require.Equal(t, c.whose, ran(&runtime.CallFrame{FunctionName: c.name, URL: c.url}), c.name)
	}
}

func TestAProcessAndItsThreadsAreCounted(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("this system has no /proc")
	}
	u := newUsage(os.Getpid())
	first := u.take()
	require.Contains(t, first, "browser main")
	sum := 0.0
	for _, n := range first {
		sum += n
	}
	require.InDelta(t, sum, first.all(""), 1e-9)
}

// TestWhatGoesThroughANarrowWayArrives sends more than is on the way at a time, and ends when either end leaves.
func TestWhatGoesThroughANarrowWayArrives(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	sent := bytes.Repeat([]byte("superp2p"), 50_000)
	ended := make(chan error, 1)
	go func() {
		conn, err := server.Accept()
		if err == nil {
			_, err = io.CopyN(io.Discard, conn, 4)
		}
		if err == nil {
			_, err = conn.Write(sent)
		}
		if err == nil {
			_, err = io.Copy(io.Discard, conn) // until the client leaves
			_ = conn.Close()
		}
		ended <- err
	}()
	way, err := openNarrow(t.Context(), server.Addr().String(), 100_000, time.Millisecond)
	require.NoError(t, err)
	client, err := net.Dial("tcp", way.listener.Addr().String())
	require.NoError(t, err)
	_, err = client.Write([]byte("send"))
	require.NoError(t, err)
	got := make([]byte, len(sent))
	_, err = io.ReadFull(client, got)
	require.NoError(t, err)
	require.True(t, bytes.Equal(sent, got))
	require.NoError(t, client.Close())
	require.NoError(t, <-ended)
	require.NoError(t, way.listener.Close())
	way.running.Wait()
	require.NoError(t, server.Close())
}
