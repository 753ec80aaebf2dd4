package page

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// began is when the sessions of these tests begin. The track began 20 s before, by a server whose clock is 1 s behind.
var (
	began  = time.UnixMilli(1_700_000_000_000)
	signer = signing.NewSigner([32]byte{7})
	track  = slice.TrackID{1, 2, 3}
)

const each = 250 * time.Millisecond

// open writes what Open takes of a live track, of which slices 0 to 79 are cut, four in a group.
func open(kind Kind, self byte) []byte { return openAt(kind, self, 79) }

// openAt does the same where the server knows of slices up to edge.
func openAt(kind Kind, self byte, edge int) []byte {
	w := writer{}
	w.uvarint(Version)
	w.uvarint(uint64(kind))
	w.b = append(w.b, make([]byte, 19)...)
	w.b = append(w.b, self)
	w.b = append(w.b, track[:]...)
	w.b = append(w.b, signer.PublicKey()...)
	w.uvarint(0)    // flags
	w.uvarint(6000) // delay
	w.uvarint(2000) // target
	w.uvarint(0)    // upload limit
	w.uvarint(0)    // peers
	w.uvarint(0)    // memory
	if kind == File {
		w.uvarint(8)    // slices
		w.uvarint(2000) // duration
		w.uvarint(0)    // start
		w.uvarint(4)    // slices a group
		w.uvarint(2)
		w.uvarint(0)
		w.uvarint(1000)
		return w.b
	}
	return appendLive(w.b, edge)
}

func appendLive(b []byte, edge int) []byte {
	w := writer{b}
	w.varint(1000)
	w.varint(began.UnixMilli() - 1000 - 20_000)
	w.number(edge)
	w.number(edge * 250)
	w.uvarint(4000)
	groups := (edge + 4) / 4
	w.number(groups)
	for i := range groups {
		w.uvarint(uint64(min(i, 1) * 4))
		w.uvarint(uint64(min(i, 1) * 1000))
	}
	return w.b
}

// cut returns slice n.
func cut(n slice.Number) *slice.Slice {
	payload := bytes.Repeat([]byte{byte(n)}, 100)
	return &slice.Slice{Number: n, Payload: payload, Proof: signer.Sign(slice.Statement{
		Track: track, First: n, Group: n / 4 * 4, Time: time.Duration(n) * each, Duration: each,
		Cut: began.Add(-21*time.Second + time.Duration(n+1)*each), Entries: []slice.Entry{{Size: 100, Digest: signing.Sum(payload)}},
	})}
}

// inputs writes inputs: kinds, numbers as uvarints, bytes as runs.
func inputs(parts ...any) []byte {
	var w writer
	for _, p := range parts {
		switch p := p.(type) {
		case Input:
			w.b = append(w.b, byte(p))
		case int:
			w.number(p)
		case []byte:
			w.run(p)
		case swarm.PeerID:
			w.b = append(w.b, p[:]...)
		}
	}
	return w.b
}

// said is one output: its kind, numbers and runs of bytes in order.
type said struct {
	kind    Output
	numbers []uint64
	runs    [][]byte
}

// form is how many fields each kind of output has: n a number, r a run, z zigzag.
var form = map[Output]string{
	Send: "nr", Disconnect: "nnr", Fetch: "nnnnnnnnn", CancelFetch: "n", Deliver: "nnnnnr", Started: "", Stalled: "", Resumed: "n",
	Ended: "", Lost: "", Kept: "nnr", Slice: "nr", State: "nnnn", Counts: "c", Refused: "nn",
}

// read takes outputs apart and requires that they are well-formed.
func read(t testing.TB, b []byte) (list []said) {
	t.Helper()
	require.NotNil(t, b, "the inputs were refused")
	r := &reader{b: b}
	for len(r.b) > 0 {
		s := said{kind: Output(r.bytes(1)[0])}
		fields, ok := form[s.kind]
		require.True(t, ok, "unknown kind %d", s.kind)
		for _, f := range fields {
			switch f {
			case 'n':
				s.numbers = append(s.numbers, r.uvarint(1<<63))
			case 'r':
				s.runs = append(s.runs, r.run(1<<20))
			case 'c':
				for range r.uvarint(100) {
					s.numbers = append(s.numbers, r.uvarint(1<<63))
				}
			}
		}
		require.False(t, r.bad, "output %d is cut", s.kind)
		list = append(list, s)
	}
	require.Equal(t, State, list[len(list)-1].kind)
	return list
}

func of(list []said, kind Output) (out []said) {
	for _, s := range list {
		if s.kind == kind {
			out = append(out, s)
		}
	}
	return out
}

// TestALiveTrackFromTheServer plays without peers: fetches are answered at once, and slices are delivered when they are due.
func TestALiveTrackFromTheServer(t *testing.T) {
	s := Open(began, open(LiveFLV, 1))
	require.NotNil(t, s)
	var delivered []uint64
	in := inputs(Tick)
	for now := began; now.Before(began.Add(5 * time.Second)); now = now.Add(20 * time.Millisecond) {
		list := read(t, s.Run(now, in))
		in = inputs(Tick)
		for _, f := range of(list, Fetch) {
			n := slice.Number(f.numbers[0])
			if cut(n).Proof.Cut.Add(time.Second).After(now) {
				in = append(in, inputs(FetchFailed, int(n), int(swarm.NotYet))...)
			} else {
				in = append(in, inputs(Fetched, int(n), slice.AppendFrame(nil, cut(n)))...)
			}
		}
		for _, d := range of(list, Deliver) {
			n := d.numbers[0]
			require.Equal(t, []uint64{n, n / 4 * 4, n * 250, 250, 0}, d.numbers)
			require.Equal(t, cut(slice.Number(n)).Payload, d.runs[0])
			delivered = append(delivered, n)
		}
	}
	require.Greater(t, len(delivered), 16)
	for i, n := range delivered {
		require.Equal(t, 56+uint64(i), n, "in order, from the group that is 6 s behind")
	}
	counts := of(read(t, s.Run(began.Add(5*time.Second), inputs(Stats))), Counts)[0].numbers
	require.Len(t, counts, len(StatNames))
	require.GreaterOrEqual(t, counts[1], uint64(100*len(delivered)), "server bytes")
	require.Zero(t, counts[0], "peer bytes")
}

// TestWhatIsRestoredTellsWhereTheEdgeIs begins with a track of which the server knew one slice, and the page had many more when the
// engine came.
func TestWhatIsRestoredTellsWhereTheEdgeIs(t *testing.T) {
	s := Open(began, openAt(LiveFLV, 1, 0))
	var restored []byte
	for n := range slice.Number(20) {
		restored = append(restored, inputs(Restore, int(n), slice.AppendFrame(nil, cut(n)))...)
	}
	list := read(t, s.Run(began, append(restored, inputs(SwarmSize, 1, Tick)...)))
	for now := began; len(of(list, Fetch)) == 0; now = now.Add(100 * time.Millisecond) {
		require.True(t, now.Before(began.Add(5*time.Second)), "it does not go on with slice 20")
		list = read(t, s.Run(now, inputs(Tick)))
	}
	require.EqualValues(t, 20, of(list, Fetch)[0].numbers[0])
}

// TestSessionsTrade links two sessions, of which one has slices that the other gets from it alone.
func TestSessionsTrade(t *testing.T) {
	a, b := Open(began, open(LiveHLS, 1)), Open(began, open(LiveHLS, 2))
	var restored []byte
	for n := range slice.Number(24) {
		restored = append(restored, inputs(Restore, int(56+n), slice.AppendFrame(nil, cut(56+n)))...)
	}
	list := read(t, a.Run(began, restored))
	require.Len(t, of(list, Kept), 24, "of a live playlist each slice is told")
	require.Empty(t, of(list, Refused))
	queue := map[*Session][]byte{
		a: inputs(LinkOpened, 1, swarm.PeerID{19: 2}, Tick), b: inputs(LinkOpened, 1, swarm.PeerID{19: 1}, Tick),
	}
	other := map[*Session]*Session{a: b, b: a}
	kept := map[uint64][]byte{}
	for now := began; now.Before(began.Add(8*time.Second)) && len(kept) < 20; now = now.Add(10 * time.Millisecond) {
		for _, s := range []*Session{a, b} {
			list := read(t, s.Run(now, append(queue[s], byte(Tick))))
			queue[s] = nil
			for _, m := range of(list, Send) {
				require.EqualValues(t, 1, m.numbers[0])
				queue[other[s]] = append(queue[other[s]], inputs(Message, 1, m.runs[0])...)
			}
			queue[s] = append(queue[s], inputs(Drained, 1, 0)...)
			for _, f := range of(list, Fetch) {
				queue[s] = append(queue[s], inputs(FetchFailed, int(f.numbers[0]), int(swarm.Enough))...)
			}
			for _, k := range of(list, Kept) {
				kept[k.numbers[0]] = bytes.Clone(k.runs[0])
			}
		}
	}
	require.GreaterOrEqual(t, len(kept), 20, "all but what was due at once")
	for n, payload := range kept {
		require.Equal(t, cut(slice.Number(n)).Payload, payload)
	}
	require.NotEmpty(t, of(read(t, a.Run(began.Add(8*time.Second), inputs(Leave))), Send), "goodbye")
}

func TestAFileIsReadByNumber(t *testing.T) {
	group := func(first slice.Number) (*slice.Signed, [][]byte) {
		st := slice.Statement{Track: track, First: first, Group: first, Time: time.Duration(first) * each, Duration: time.Second, Cut: began}
		var parts [][]byte
		for i := range 4 {
			parts = append(parts, bytes.Repeat([]byte{byte(first) + byte(i)}, 50))
			st.Entries = append(st.Entries, slice.Entry{Size: 50, Digest: signing.Sum(parts[i])})
		}
		return signer.Sign(st), parts
	}
	s := Open(began, open(File, 1))
	require.NotNil(t, s)
	list := read(t, s.Run(began, inputs(Read, 4, 2, 1, Tick)))
	require.Empty(t, of(list, Slice))
	asked := of(list, Fetch)
	require.NotEmpty(t, asked)
	require.EqualValues(t, 4, asked[0].numbers[0])
	require.Zero(t, asked[0].numbers[4], "no proof is here yet")
	proof, parts := group(4)
	head := slice.AppendFrame(nil, &slice.Slice{Proof: proof})

	list = read(t, s.Run(began, inputs(Proved, 4, head, parts[1])))
	require.Equal(t, []uint64{4, Differs}, of(list, Refused)[0].numbers)
	list = read(t, s.Run(began, inputs(Proved, 4, head, parts[0], Tick)))
	require.Equal(t, [][]byte{{}}, of(list, Kept)[0].runs, "who reads a file asks for it")
	read(t, s.Run(began, inputs(FetchFailed, 5, int(swarm.NotYet), FetchFailed, 6, int(swarm.NotYet), FetchFailed, 7, int(swarm.NotYet))))
	rest := of(read(t, s.Run(began.Add(time.Second), inputs(Tick))), Fetch)
	require.NotEmpty(t, rest)
	for _, f := range rest {
		if n := f.numbers[0]; n > 4 {
			require.Equal(t, []uint64{n, 10_000, 0, 0, uint64(len(head)), 50, 4, 50 * (n - 4), 200}, f.numbers, "the proof is here")
			list = read(t, s.Run(began, inputs(Fetched, int(n), parts[n-4])))
			require.NotEmpty(t, of(list, Kept))
		}
	}
	list = read(t, s.Run(began, inputs(Read, 4, 10, 1)))
	require.Len(t, of(list, Slice), 4)
	require.Equal(t, parts[0], of(list, Slice)[0].runs[0])
	require.Empty(t, of(list, Deliver))
}

func TestWhatIsMalformedIsRefused(t *testing.T) {
	good := open(LiveFLV, 1)
	require.NotNil(t, Open(began, good))
	for k := range good {
		require.Nil(t, Open(began, good[:k]))
	}
	require.Nil(t, Open(began, append(bytes.Clone(good), 0)))
	s := Open(began, good)
	for _, in := range [][]byte{
		{0}, {200}, inputs(LinkOpened, 2, swarm.PeerID{}), inputs(LinkOpened), inputs(Message, 1, 5), inputs(FetchFailed, 1, 0),
		inputs(FetchFailed, 1, 9), inputs(Reposition, 0), inputs(SetUpload, 2), binary.AppendUvarint([]byte{byte(Seek)}, 1<<50),
	} {
		require.Nil(t, s.Run(began, in), "%x", in)
	}
	require.NotNil(t, s.Run(began.Add(-time.Hour), inputs(Tick)), "a clock that goes back does no harm")
	for _, f := range of(read(t, Open(began, good).Run(began, inputs(Tick))), Fetch) {
		n := int(f.numbers[0])
		s := Open(began, good)
		s.Run(began, inputs(Tick))
		list := read(t, s.Run(began, inputs(Fetched, n, []byte("no frame"))))
		require.Equal(t, []uint64{uint64(n), Unreadable}, of(list, Refused)[0].numbers)
	}
	bad := cut(60)
	bad.Payload = append(bytes.Clone(bad.Payload[1:]), 'x')
	list := read(t, s.Run(began, inputs(Restore, 60, slice.AppendFrame(nil, bad))))
	require.Equal(t, []uint64{60, Unproved}, of(list, Refused)[0].numbers)
}

// TestEncodingsStay holds the encoding to what testdata has: a page may have a script of another day than its engine.
func TestEncodingsStay(t *testing.T) {
	s := Open(began, open(LiveFLV, 1))
	for i, step := range [][]byte{
		inputs(Tick), inputs(LinkOpened, 1, swarm.PeerID{19: 2}), inputs(Restore, 56, slice.AppendFrame(nil, cut(56)), Tick, Stats),
	} {
		compare(t, "step"+string(rune('1'+i)), s.Run(began.Add(time.Duration(i)*100*time.Millisecond), step))
	}
	compare(t, "open-live", open(LiveFLV, 1))
	compare(t, "open-file", open(File, 1))
	var in []byte
	for _, one := range [][]byte{
		inputs(Tick), inputs(LinkOpened, 1, swarm.PeerID{1}), inputs(LinkClosed, 300), inputs(Message, 1, []byte("abc")),
		inputs(Drained, 1, 70000), inputs(Fetched, 5, []byte("frame")), inputs(FetchFailed, 5, 3), inputs(Read, 7, 2, 1),
		inputs(Proved, 7, []byte("proof"), []byte("payload")), inputs(SwarmSize, 20), inputs(SetUpload, 1), inputs(SetDownload, 0),
		inputs(SetMaxBytes, 1<<26), appendLive(inputs(Reposition), 79), inputs(Seek, 90000), inputs(Hold, 1), inputs(Leave),
		inputs(Restore, 3, []byte("frame")), inputs(Stats),
	} {
		in = append(in, one...)
	}
	compare(t, "inputs", in)
}

// compare requires that b is what testdata has; UPDATE=1 writes it.
func compare(t *testing.T, name string, b []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".hex")
	text := ""
	for line := range strings.SplitSeq(hex.EncodeToString(b), "") {
		if text += line; len(text)%97 == 96 {
			text += "\n"
		}
	}
	if os.Getenv("UPDATE") != "" {
		require.NoError(t, os.WriteFile(file, []byte(text+"\n"), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, strings.TrimSpace(string(want)), strings.TrimSpace(text))
}

// TestTheScriptHasTheSameKinds holds sdk/web/src/kinds.ts to the constants here.
func TestTheScriptHasTheSameKinds(t *testing.T) {
	script, err := os.ReadFile("../../sdk/web/src/kinds.ts")
	require.NoError(t, err)
	for _, line := range []string{
		"Tick: 1", "Restore: 18", "Stats: 19", "Send: 1", "Kept: 11", "Refused: 15", "Unreadable: 1, Differs: 2, Unproved: 3",
		"NotYet: 1, Gone: 2, TrackUnknown: 3, SourceEnded: 4, Enough: 5, Unreachable: 6", "LiveFLV: 0, File: 1, LiveHLS: 2",
	} {
		require.Contains(t, string(script), line)
	}
	require.Equal(t, []int{1, 18, 19, 1, 11, 15}, []int{int(Tick), int(Restore), int(Stats), int(Send), int(Kept), int(Refused)})
	require.EqualValues(t, 6, swarm.Unreachable)
	_, names, _ := strings.Cut(string(script), "StatNames = [")
	names, _, _ = strings.Cut(names, "]")
	require.Equal(t, strings.Join(StatNames[:], ","), strings.NewReplacer("\"", "", "\n", "", " ", "").Replace(strings.TrimSuffix(strings.TrimSpace(names), ",")))
}
