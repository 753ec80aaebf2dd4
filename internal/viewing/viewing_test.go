package viewing_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/remux"
	"github.com/superp2p/superp2p/internal/viewing"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const id = "abcdefghijklmnop"

// tags gives what is in a list.
type tags []flv.Tag

func (l *tags) ReadTag() (t flv.Tag, err error) {
	if len(*l) == 0 {
		return t, io.EOF
	}
	t, *l = (*l)[0], (*l)[1:]
	return t, nil
}

func video(at uint32) flv.Tag {
	return flv.Tag{Type: flv.Video, Timestamp: at, Body: []byte{0x12, 0, 0, 0, 0}}
}                             // Sorenson H.263
func audio(at uint32) flv.Tag { return flv.Tag{Type: flv.Audio, Timestamp: at, Body: []byte{0x2f, 0}} } // MP3

func TestAViewingIsSentFromZeroAndCounted(t *testing.T) {
	var r viewing.Registry
	v, ctx, err := r.Begin(t.Context(), id)
	require.NoError(t, err)
	list := &tags{video(5000), audio(4990), video(5040), audio(5050)}
	s, err := v.Head(viewing.About{Duration: 9 * time.Second, Size: 77}, list)
	require.NoError(t, err)
	require.Equal(t, "opening", v.State().State)
	w := httptest.NewRecorder()
	require.ErrorIs(t, s.Pour(ctx, w, httptest.NewRequest("GET", "/", nil)), io.EOF)
	st := v.State()
	require.EqualValues(t, w.Body.Len(), st.Bytes)
	st.Bytes = 0
	require.Equal(t, viewing.State{State: "ended", Duration: 9, Start: 5, Size: 77, Time: 0.05, VideoBytes: 10, AudioBytes: 4, Frames: 2, VideoCodec: 2, AudioCodec: 2}, st)
	read := flv.NewReader(w.Body, flv.Limits{})
	var at []uint32
	for tag, err := read.ReadTag(); err == nil; tag, err = read.ReadTag() {
		if tag.Type != flv.Script {
			at = append(at, tag.Timestamp)
		}
	}
	require.Equal(t, []uint32{0, 0, 40, 50}, at)
}

func TestWhatFlashPlayersDoNotKnowIsRefused(t *testing.T) {
	hevc := flv.Tag{Type: flv.Video, Body: []byte{0x1c, 1, 0, 0, 0}}
	enhanced := flv.Tag{Type: flv.Video, Body: []byte{0x90 | 1, 'a', 'v', 'c', '1', 0, 0, 0}}
	for name, list := range map[string]tags{
		"HEVC": {hevc, audio(0)}, "enhanced H.264": {enhanced, audio(0)}, "nothing": {}, "script": {{Type: flv.Script, Body: []byte{2, 0, 1, 'x'}}},
		"Opus": {video(0), {Type: flv.Audio, Body: []byte{0x91, 'O', 'p', 'u', 's', 0}}},
	} {
		v, _, err := new(viewing.Registry).Begin(t.Context(), "")
		require.NoError(t, err)
		more := append(tags(nil), list...)
		_, err = v.Head(viewing.About{}, &list)
		require.ErrorIs(t, err, remux.ErrNoTrack, name)
		require.Equal(t, "Play.NoSupportedTrackFound", viewing.Event(err))
		if len(more) > 1 {
			_, err = v.Head(viewing.About{Any: true}, &more)
			require.NoError(t, err, name)
		}
		v.Close(err)
	}
}

func TestEventsOfFailures(t *testing.T) {
	for event, err := range map[string]error{
		"Play.StreamNotFound":       fault.New(fault.SourceRefused, "the origin answered 404 Not Found"),
		"Play.FileStructureInvalid": fault.New(fault.SourceInvalid, "x"),
		"Play.Failed":               fault.New(fault.SourceLost, "404"),
	} {
		require.Equal(t, event, viewing.Event(err))
	}
	require.Equal(t, "Play.Failed", viewing.Event(errors.New("other")))
}

func TestIdsAreForOnceAndHaveLimits(t *testing.T) {
	var r viewing.Registry
	for _, bad := range []string{"short", "with-a-dash-in-the-middle", fmt.Sprintf("%065d", 1), "ümlautümlautümlaut"} {
		_, _, err := r.Begin(t.Context(), bad)
		require.Equal(t, fault.RequestInvalid, fault.CodeOf(err), bad)
	}
	v, ctx, err := r.Begin(t.Context(), id)
	require.NoError(t, err)
	_, _, err = r.Begin(t.Context(), id)
	require.Equal(t, fault.RequestInvalid, fault.CodeOf(err))
	ended := make(chan *httptest.ResponseRecorder)
	go func() {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest("GET", "/?id="+id+"&end=1", nil))
		ended <- w
	}()
	<-ctx.Done()
	require.ErrorIs(t, ctx.Err(), context.Canceled)
	v.Close(nil)
	require.Contains(t, (<-ended).Body.String(), `"state":"ended"`)
	for i := range 20_000 { // none of them is open, so there is always room
		v, _, err := r.Begin(t.Context(), fmt.Sprintf("%s%06d", id, i))
		require.NoError(t, err)
		v.Close(nil)
	}
	for i := range 20_000 {
		if _, _, err = r.Begin(t.Context(), fmt.Sprintf("%s%07d", id, i)); err != nil {
			break
		}
	}
	require.Equal(t, fault.LimitReached, fault.CodeOf(err))
}

func TestTheOtherTrackIsLeftOutWhereThereAreBoth(t *testing.T) {
	for _, c := range []struct {
		tracks       string
		list         tags
		video, audio int64
	}{
		{"", tags{video(0), audio(0), video(40)}, 10, 2}, {"audio", tags{video(0), audio(0), video(40)}, 0, 2},
		{"video", tags{video(0), audio(0), video(40)}, 10, 0}, {"video", tags{audio(0), audio(20)}, 0, 4}, {"audio", tags{video(0)}, 5, 0},
	} {
		v, ctx, err := new(viewing.Registry).Begin(t.Context(), id)
		require.NoError(t, err)
		s, err := v.Head(viewing.About{Tracks: c.tracks}, &c.list)
		require.NoError(t, err)
		require.ErrorIs(t, s.Pour(ctx, httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)), io.EOF)
		require.Equal(t, c.video, v.State().VideoBytes, c.tracks)
		require.Equal(t, c.audio, v.State().AudioBytes, c.tracks)
	}
}

func TestSharingIsSwitchedOnceAndGivenBack(t *testing.T) {
	var r viewing.Registry
	ask := func(query string) {
		r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/?id="+id+query, nil))
	}
	var switched []bool
	v, _, err := r.Begin(t.Context(), id)
	require.NoError(t, err)
	ask("&share=off") // there is nothing to switch yet
	_, err = v.Head(viewing.About{Quiet: true, Share: func(on bool) { switched = append(switched, on) }}, &tags{video(0), audio(0)})
	require.NoError(t, err)
	require.Equal(t, []bool{false}, switched)
	for _, query := range []string{"&share=off", "&share=on", "&share=on", "", "&share=maybe", "&share=off", "&share=off"} {
		ask(query)
	}
	require.Equal(t, []bool{false, true, false}, switched)
	v.Close(nil)
	v.Close(nil)
	ask("&share=off")
	require.Equal(t, []bool{false, true, false, true}, switched)
}

// endless gives a picture each time.
type endless uint32

func (e *endless) ReadTag() (flv.Tag, error) {
	*e += 40
	return video(uint32(*e)), nil
}

// taker takes all.
type taker struct{ io.Writer }

func (taker) Flush() error { return nil }

// TestWhoLeavesWithoutAWordIsCut has players that ask for the end, and others that are gone, before it has begun and after that.
func TestWhoLeavesWithoutAWordIsCut(t *testing.T) {
	for name, c := range map[string]struct {
		asks, begun bool
		err         error
		want        string
	}{
		"asks":            {asks: true, begun: true, want: "ended"},
		"asks early":      {asks: true, want: "ended"},
		"gone":            {begun: true, want: "cut"},
		"gone early":      {want: "cut"},
		"gone and failed": {err: errors.New("it was given up"), want: "cut"},
		"gone at the end": {err: io.EOF, want: "ended"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, gone := context.WithCancel(t.Context())
			v, viewed, err := new(viewing.Registry).Begin(ctx, "")
			require.NoError(t, err)
			sent := make(chan error, 1)
			if c.begun {
				s, err := v.Head(viewing.About{Live: true}, new(endless))
				require.NoError(t, err)
				go func() { sent <- s.Send(viewed, taker{io.Discard}) }()
			} else {
				close(sent)
			}
			if c.asks {
				v.End()
			}
			gone()
			<-sent
			v.Close(c.err)
			require.Equal(t, c.want, v.State().State)
		})
	}
}
