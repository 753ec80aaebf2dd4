package superp2p_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p"
	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/stage"
	"github.com/superp2p/superp2p/internal/stage/stagetest"
)

// mishap is something that cannot be played, or not to its end.
type mishap struct {
	server, url string
	spoil       func()        // makes it so once it plays; nil if it is so from the beginning
	mend        func() string // returns what the same server can play afterwards; nil: what the stage has
}

// failing says how one way to fail is told.
type failing struct {
	what  string
	event string
	codes []superp2p.Code
	begin func(t *testing.T, st *stage.Stage) mishap
}

func TestEachWayToFailIsToldOnce(t *testing.T) {
	for _, test := range append(failings(), failingsOnTheWay()...) {
		t.Run(test.what, func(t *testing.T) {
			t.Parallel()
			st := onAir(t, func(c *config.Config) { c.Origins, c.GiveUp = []string{"127.0.0.1"}, 4*time.Second })
			m := test.begin(t, st)
			patience := 2 * time.Second
			if m.spoil != nil {
				patience = 10 * time.Second
			}
			s, events := patientStream(t, m.server, patience, 5*time.Second)
			require.NoError(t, s.Play(m.url, fast()))
			if m.spoil != nil {
				require.Equal(t, superp2p.NetStreamPlayStart, next(t, events).Info.Code)
				m.spoil()
			}
			_, err := s.WriteTo(io.Discard)
			require.Contains(t, test.codes, superp2p.CodeOf(err), "%v", err)
			e := next(t, events)
			for e.Info.Level != "error" {
				e = next(t, events)
			}
			require.Equal(t, test.event, e.Info.Code)
			require.Equal(t, m.url, e.Info.Details)
			require.Equal(t, err, e.Err)
			oneSentence(t, e.Info.Description, superp2p.CodeOf(err))
			failedForGood(t, s, err)

			target := st.Channel()
			if m.mend != nil {
				target = m.mend()
			}
			require.NoError(t, s.Play(target, fast()))
			start := next(t, events)
			require.Equal(t, superp2p.NetStreamPlayStart, start.Info.Code, "nothing was told since the failure: %+v", start)
			require.Equal(t, target, start.Info.Details)
			head := make([]byte, 3)
			_, err = io.ReadFull(s, head)
			require.NoError(t, err)
			require.Equal(t, "FLV", string(head))
		})
	}
}

// failedForGood requires that nothing can be done with a play that failed but to get the reason again.
func failedForGood(t *testing.T, s *superp2p.P2PNetStream, err error) {
	t.Helper()
	_, again := s.Read(make([]byte, 1))
	require.Equal(t, err, again)
	_, again = s.ReadPacket()
	require.Equal(t, err, again)
	s.SetBufferTime(time.Second)
	s.SetBufferTime(0)
	for _, again := range []error{
		s.Pause(), s.Resume(), s.TogglePause(), s.Seek(0), s.Seek(time.Hour), s.Step(1), s.AppendBytes([]byte("FLV")),
		s.AppendBytesAction(superp2p.EndSequence), s.Play2(superp2p.NetStreamPlayOptions{StreamName: "x", Transition: superp2p.TransitionSwitch}),
	} {
		require.Equal(t, err, again)
	}
}

// oneSentence requires a description to be one for people, without the code.
func oneSentence(t *testing.T, text string, code superp2p.Code) {
	t.Helper()
	require.NotEmpty(t, text)
	require.NotContains(t, text, "\n")
	require.NotContains(t, text, ". ")
	require.NotContains(t, text, string(code)+":")
	require.NotRegexp(t, `\.$`, text)
}

// nobody returns an address where nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	return l.Addr().String()
}

// putOnAir starts a server at the address of another that is gone.
func putOnAir(t *testing.T, server string) string {
	t.Helper()
	u, err := url.Parse(server)
	require.NoError(t, err)
	st, err := stage.Start(t.Context(), stage.Config{Past: 8 * time.Second, Listen: u.Host})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, st.Close()) })
	return st.Channel()
}

// failings are the ways in which a play does not begin.
func failings() []failing {
	asked := func(target string) func(*testing.T, *stage.Stage) mishap {
		return func(_ *testing.T, st *stage.Stage) mishap { return mishap{server: st.ServerURL(), url: target} }
	}
	answers := func(status int) func(*testing.T, *stage.Stage) mishap {
		return func(t *testing.T, st *stage.Stage) mishap {
			origin := stagetest.Handler(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			return mishap{server: st.ServerURL(), url: origin.URL + "/live.flv?key=wrong"}
		}
	}
	return []failing{
		{"server unreachable", superp2p.NetStreamPlayFailed, []superp2p.Code{"server_unreachable"}, func(t *testing.T, _ *stage.Stage) mishap {
			server := "http://" + nobody(t)
			return mishap{server: server, url: "live", mend: func() string { return putOnAir(t, server) }}
		}},
		{"no such channel", superp2p.NetStreamPlayFailed, []superp2p.Code{"channel_unknown"}, asked("nobody")},
		{"origin not allowed", superp2p.NetStreamPlayFailed, []superp2p.Code{"origin_not_allowed"}, asked("http://not.allowed.example/1.flv")},
		{"refused by key", superp2p.NetStreamPlayFailed, []superp2p.Code{"source_refused"}, answers(http.StatusForbidden)},
		{"refused by token", superp2p.NetStreamPlayFailed, []superp2p.Code{"server_invalid"}, func(t *testing.T, st *stage.Stage) mishap {
			f := front(t, st, "")
			f.want.Store("Bearer right")
			return mishap{server: f.URL, url: st.Channel(), mend: func() string {
				f.want.Store("")
				return st.Channel()
			}}
		}},
		{"no such stream", superp2p.NetStreamPlayStreamNotFound, []superp2p.Code{"source_refused"}, answers(http.StatusNotFound)},
		{"source dead at the start", superp2p.NetStreamPlayFailed, []superp2p.Code{"source_unreachable"}, func(t *testing.T, st *stage.Stage) mishap {
			return mishap{server: st.ServerURL(), url: "http://" + nobody(t) + "/live.flv"}
		}},
		{"nothing playable in time", superp2p.NetStreamPlayFailed, []superp2p.Code{"nothing_playable"}, func(t *testing.T, st *stage.Stage) mishap {
			g := front(t, st, "")
			g.holds.Store(true)
			return mishap{server: g.URL, url: st.Channel(), mend: func() string {
				g.holds.Store(false)
				return st.Channel()
			}}
		}},
		{"structure invalid", superp2p.NetStreamPlayFileStructureInvalid, []superp2p.Code{"source_invalid"}, func(t *testing.T, st *stage.Stage) mishap {
			return mishap{server: st.ServerURL(), url: stagetest.Garbage(t).URL + "/film.mp4"}
		}},
		{"no supported track", superp2p.NetStreamPlayNoSupportedTrackFound, []superp2p.Code{"source_invalid"}, func(t *testing.T, st *stage.Stage) mishap {
			return mishap{server: st.ServerURL(), url: stagetest.NoTrack(t).URL + "/film.mp4"}
		}},
	}
}

// mortal returns another URL of a source, and what has nobody answer there any more.
func mortal(t *testing.T, source string) (at string, die func()) {
	t.Helper()
	u, err := url.Parse(source)
	require.NoError(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: u.Scheme, Host: u.Host})
		},
		FlushInterval: -1, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError), Transport: &http.Transport{},
	}
	s := httptest.NewServer(proxy)
	die = sync.OnceFunc(func() {
		s.CloseClientConnections()
		s.Close()
		proxy.Transport.(*http.Transport).CloseIdleConnections()
	})
	t.Cleanup(die)
	return s.URL + u.RequestURI(), die
}

// failingsOnTheWay are the ways in which a play does not go on.
func failingsOnTheWay() []failing {
	return []failing{
		{"live source dead on the way", superp2p.NetStreamPlayFailed, []superp2p.Code{"source_lost"}, func(t *testing.T, st *stage.Stage) mishap {
			url, die := mortal(t, st.SourceURL())
			return mishap{
				server: st.ServerURL(), url: url, spoil: die,
				mend: func() string { return stagetest.Folder(t, stagetest.Playlists(t)).URL + "/ts/index.m3u8" },
			}
		}},
		{"origin of a file dead on the way", superp2p.NetStreamPlayFailed, []superp2p.Code{"nothing_playable"}, func(t *testing.T, st *stage.Stage) mishap {
			origin, halt, _ := stagetest.Halting(t)
			return mishap{server: st.ServerURL(), url: origin.URL + "/film.flv", spoil: halt}
		}},
		{"closed by the operator", superp2p.NetStreamPlayFailed, []superp2p.Code{"closed", "server_unreachable"}, func(t *testing.T, st *stage.Stage) mishap {
			server := st.ServerURL()
			return mishap{
				server: server, url: st.Channel(), spoil: func() { require.NoError(t, st.Server.Close()) },
				mend: func() string { return putOnAir(t, server) },
			}
		}},
	}
}

func TestArgumentsThatCannotBeRightFailAsWell(t *testing.T) {
	s, events := stream(t, "")
	err := s.Play(strings.Repeat("x", 9000), nil)
	require.Equal(t, superp2p.Code("url_invalid"), superp2p.CodeOf(err))
	e := next(t, events)
	require.Equal(t, superp2p.NetStreamPlayFailed, e.Info.Code)
	require.Equal(t, err, e.Err)
	oneSentence(t, e.Info.Description, superp2p.CodeOf(err))
	_, again := s.Read(make([]byte, 1))
	require.True(t, errors.Is(again, err))
	failedForGood(t, s, err)
	require.NoError(t, s.Play("", nil))
	require.NoError(t, s.AppendBytesAction(superp2p.EndSequence))
	require.Equal(t, superp2p.NetStreamPlayNoSupportedTrackFound, next(t, events).Info.Code, "an end without a frame")
}
