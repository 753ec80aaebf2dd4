package edge

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
)

// clip is a file at an origin.
type clip struct {
	content []byte
	etag    atomic.Value
	refuse  atomic.Value // what URLs that hold it are answered 403
}

func newFilm(size int) *clip {
	f := &clip{content: make([]byte, size)}
	_, _ = rand.NewChaCha8([32]byte{}).Read(f.content)
	f.etag.Store(`"1"`)
	f.refuse.Store("refused")
	return f
}

func (f *clip) serve(rw http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.RequestURI, f.refuse.Load().(string)) {
		http.Error(rw, "no", http.StatusForbidden)
		return
	}
	rw.Header().Set("ETag", f.etag.Load().(string))
	http.ServeContent(rw, r, "clip.mp4", time.Unix(1_700_000_000, 0), bytes.NewReader(f.content))
}

const filmURL = "url=http://origin.example/clip.mp4"

func open() Config {
	return Config{Origins: []string{"origin.example"}, PerViewerKeys: []string{"sign"}}
}

func TestAFileIsProvedGroupByGroup(t *testing.T) {
	const size = 2*edgeapi.FileGroup*edgeapi.FileSlice + 12_345
	f := newFilm(size)
	inBubble(t, open(), f.serve, func(w *world) {
		r := w.resolve(filmURL)
		require.NotNil(t, r.File)
		require.Equal(t, int64(size), r.File.Size)
		require.Equal(t, "video/mp4", r.File.Type)
		require.Len(t, r.File.Times, 3)
		opened := len(w.asked())
		var all []byte
		for n := range r.File.Slices() {
			s := w.fetch(r, n)
			require.Equal(t, n-n%edgeapi.FileGroup, s.Proof.First)
			all = append(all, s.Payload...)
		}
		require.True(t, bytes.Equal(f.content, all), "all of the file")
		require.Len(t, w.asked(), opened+3, "each group is fetched once")

		track, _ := slice.ParseTrackID(r.Track)
		proof := w.get(edgeapi.SlicePath(r.File.Proofs, track, 40))
		require.Equal(t, 200, proof.Code)
		p, err := slice.ParseProof(track, proof.Body.Bytes())
		require.NoError(t, err)
		require.True(t, p.Covers(40))
		status, code := refusal(t, w.get(w.slicePath(r, r.File.Slices())))
		require.Equal(t, 400, status)
		require.Equal(t, fault.RequestInvalid, code)
	})
}

func TestManyWhoAskForAGroupAreOneRequest(t *testing.T) {
	f := newFilm(100_000)
	inBubble(t, open(), f.serve, func(w *world) {
		r := w.resolve(filmURL)
		opened := len(w.asked())
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() { w.fetch(r, 1) })
		}
		all.Wait()
		require.Len(t, w.asked(), opened+1)
	})
}

func TestAFileIsTheSameTrackForEverySignatureAndAfterARestart(t *testing.T) {
	f := newFilm(100_000)
	var tracks []string
	c := open()
	c.Signer = signing.NewSigner([32]byte{7})
	for range 2 {
		inBubble(t, c, f.serve, func(w *world) {
			tracks = append(tracks, w.resolve(filmURL+"?sign=a").Track, w.resolve(filmURL+"?sign=b").Track)
		})
	}
	for _, track := range tracks {
		require.Equal(t, tracks[0], track)
	}
}

func TestAFileThatChangesIsAnotherTrack(t *testing.T) {
	f := newFilm(3 << 20)
	inBubble(t, open(), f.serve, func(w *world) {
		r := w.resolve(filmURL)
		w.fetch(r, 0)
		f.etag.Store(`"2"`)
		w.fetch(r, 1) // of the same group: proved and here
		_, code := refusal(t, w.get(w.slicePath(r, 40)))
		require.Equal(t, fault.TrackUnknown, code)
		time.Sleep(2 * lookAround)
		synctest.Wait()
		again := w.resolve(filmURL)
		require.NotEqual(t, r.Track, again.Track)
		w.fetch(again, 40)
	})
}

func TestAnotherViewersURLHelpsWhenOneHasExpired(t *testing.T) {
	f := newFilm(3 << 20)
	inBubble(t, open(), f.serve, func(w *world) {
		r := w.resolve(filmURL + "?sign=old")
		w.resolve(filmURL + "?sign=new")
		f.refuse.Store("sign=old")
		w.fetch(r, 40)
	})
}

func TestAFileThatNobodyWatchesIsLetGo(t *testing.T) {
	f := newFilm(100_000)
	inBubble(t, open(), f.serve, func(w *world) {
		r := w.resolve(filmURL)
		time.Sleep(w.edge.config.Linger + 2*lookAround)
		synctest.Wait()
		_, code := refusal(t, w.get(w.slicePath(r, 0)))
		require.Equal(t, fault.TrackUnknown, code)
		require.Equal(t, r.Track, w.resolve(filmURL).Track)
	})
}

func TestFilesThatCannotBePlayed(t *testing.T) {
	f := newFilm(100_000)
	origin := func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/whole.mp4":
			_, _ = rw.Write(f.content)
		case "/none.mp4":
			http.NotFound(rw, r)
		case "/empty.mp4":
			http.ServeContent(rw, r, "", time.Time{}, bytes.NewReader(nil))
		case "/inside.mp4":
			http.Redirect(rw, r, "http://127.0.0.1:22/", http.StatusFound)
		}
	}
	inBubble(t, open(), origin, func(w *world) {
		for path, want := range map[string]fault.Code{
			"whole.mp4": fault.SourceUnranged, "none.mp4": fault.SourceRefused, "empty.mp4": fault.SourceInvalid,
			"inside.mp4": fault.OriginNotAllowed,
		} {
			_, code := refusal(t, w.get("/v1/resolve?url=http://origin.example/"+path))
			require.Equal(t, want, code, path)
		}
	})
}
