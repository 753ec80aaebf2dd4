package superp2p_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/origin"
	"github.com/superp2p/superp2p/internal/stage"
)

// A file at a CDN is read from its other viewers by byte range.
func ExampleOpen() {
	server, film, _, stop := exampleServer()
	defer stop()

	ctx := context.Background()
	m, err := superp2p.Open(ctx, superp2p.Config{Server: server, Unpaced: true}, film, nil)
	if err != nil {
		fmt.Println(err) // a *superp2p.Error: play the CDN's URL instead
		return
	}
	defer m.Close() //nolint:errcheck // it returns nil, always
	about := m.Info()
	fmt.Println(about.Kind, about.Type, about.Size)

	// http.ServeContent takes it too, and answers a player's ranges.
	file := io.NewSectionReader(m.ReaderAt(ctx), 0, about.Size)
	if _, err := file.Seek(-4, io.SeekEnd); err != nil {
		fmt.Println(err)
		return
	}
	end, err := io.ReadAll(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s\n", end)
	// Output:
	// file video/mp4 1000004
	// moov
}

// A player of HLS loads the playlist, and what it lists.
func ExampleMedia_Segment() {
	server, _, hls, stop := exampleServer()
	defer stop()

	ctx := context.Background()
	m, err := superp2p.Open(ctx, superp2p.Config{Server: server, Unpaced: true}, hls, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer m.Close() //nolint:errcheck // it returns nil, always
	next := int64(0)
	for {
		list, err := m.Playlist(ctx, "")
		if err != nil {
			fmt.Println(err)
			return
		}
		for i := range list.Segments {
			s := &list.Segments[i]
			if s.Sequence < next {
				continue
			}
			data, err := m.Segment(ctx, s)
			if err != nil {
				fmt.Println(err)
				return
			}
			next = s.Sequence + 1
			fmt.Println(s.Sequence, s.Duration, data[0] == 0x47) // how MPEG-TS begins
		}
		if list.Complete {
			break
		}
		time.Sleep(list.Target / 2)
	}
	// Output:
	// 0 2s true
	// 1 2s true
	// 2 2s true
}

// exampleServer runs a server for the examples, and an origin with a file and a playlist.
func exampleServer() (server, film, hls string, stop func()) {
	playlist := origin.NewHLS(origin.HLSConfig{Complete: 3})
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/film.mp4" {
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(strings.Repeat("superp2p, ", 100_000)+"moov"))
			return
		}
		playlist.ServeHTTP(w, r)
	}))
	st, err := stage.Start(context.Background(), stage.Config{Adjust: func(c *config.Config) { c.Origins = []string{"127.0.0.1"} }})
	if err != nil {
		panic(err)
	}
	return st.ServerURL(), cdn.URL + "/film.mp4", cdn.URL + "/index.m3u8", func() { _ = st.Close(); cdn.Close() }
}
