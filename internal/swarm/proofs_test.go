package swarm

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/wire"
)

// newFilm returns an engine that plays a file with one statement a group, and its neighbour, which holds all of it.
func newFilm(t *testing.T, start time.Duration) *talk {
	w := newWorld(t)
	w.slices = w.slices[:len(w.slices)/w.groupLen*w.groupLen]
	f := &File{Slices: slice.Number(len(w.slices)), Duration: time.Duration(len(w.slices)) * sliceEvery, Start: start}
	for n := 0; n < len(w.slices); n += w.groupLen {
		st := w.slices[n].Proof.Statement
		st.Duration = time.Duration(w.groupLen) * sliceEvery
		st.Entries = nil
		for _, s := range w.slices[n : n+w.groupLen] {
			st.Entries = append(st.Entries, slice.Entry{Size: uint32(len(s.Payload)), Digest: signing.Sum(s.Payload)})
		}
		proof := w.signer.Sign(st)
		for _, s := range w.slices[n : n+w.groupLen] {
			s.Proof = proof
		}
		f.Groups = append(f.Groups, Group{slice.Number(n), st.Time})
	}
	verifier, ok := signing.NewVerifier(w.signer.PublicKey())
	require.True(t, ok)
	k := &talk{w: w, e: New(Config{Self: PeerID{1}, Track: w.track, Verifier: verifier, File: f}, w.now)}
	k.e.Tick(w.now)
	k.e.LinkOpened(w.now, 1, PeerID{9})
	all := make([]byte, (len(w.slices)+7)/8)
	for n := range w.slices {
		all[n/8] |= 1 << (n % 8)
	}
	k.say(&wire.Message{Kind: wire.Hello, Version: wire.Version, Track: w.track, Bitmap: all})
	return k
}

// requests lets time pass and returns what was asked of the neighbour and of the server meanwhile.
func (k *talk) requests(lasts time.Duration) (asked []wire.Message, fetches []Action) {
	for end := k.w.now.Add(lasts); k.w.now.Before(end); k.w.now = k.w.now.Add(10 * time.Millisecond) {
		k.e.Tick(k.w.now)
		for _, a := range k.e.Actions() {
			switch a.Kind {
			case Fetch:
				fetches = append(fetches, a)
			case Send:
				m, err := wire.Parse(slices.Concat(a.Data, a.Body))
				require.NoError(k.w.t, err)
				if m.Kind == wire.Request {
					asked = append(asked, m)
				}
			}
		}
	}
	return asked, fetches
}

// give sends the proof of slice n, if it is to be sent, and its payload from one offset to another.
func (k *talk) give(n slice.Number, proof bool, from, to int) {
	s := k.w.slices[n]
	if proof {
		k.say(&wire.Message{Kind: wire.Proof, Sig: s.Proof.Signature, Bytes: s.Proof.Encoded})
	}
	for from < to {
		part := s.Payload[from:min(from+wire.MaxFragment, to)]
		k.say(&wire.Message{Kind: wire.Data, Number: n, Offset: uint32(from), Bytes: part})
		from += len(part)
	}
}

func TestTheProofOfAGroupComesOnce(t *testing.T) {
	k := newFilm(t, 0)
	size := k.w.payload
	proofs := map[slice.Number]int{}
	for range 200 {
		asked, fetches := k.requests(20 * time.Millisecond)
		for _, a := range fetches {
			k.e.Fetched(k.w.now, k.w.slices[a.Number])
		}
		for _, m := range asked {
			if !m.Proved {
				proofs[k.w.slices[m.Number].Proof.First]++
			}
			k.give(m.Number, !m.Proved, 0, size)
		}
	}
	require.Greater(t, k.e.stats.PeerSlices, uint64(50))
	require.Greater(t, len(proofs), 5)
	for first, times := range proofs {
		if k.e.playout.trackTime(first) > proofWithin { // what is due soon does not wait for it
			require.Equal(t, 1, times, "of the group from %d on", first)
		}
	}
	require.Zero(t, k.e.stats.Barred)
}

func TestAProofIsKeptWhateverBecomesOfItsRequest(t *testing.T) {
	k := newFilm(t, 0)
	asked, _ := k.requests(100 * time.Millisecond)
	require.NotEmpty(t, asked)
	n := asked[0].Number
	require.False(t, asked[0].Proved)
	k.e.Seek(k.w.now, 20*time.Second)
	k.requests(50 * time.Millisecond)
	k.give(n, true, 0, 1000) // it crossed the cancel
	k.e.Seek(k.w.now, 0)
	again, _ := k.requests(50 * time.Millisecond)
	require.NotEmpty(t, again)
	m := again[0]
	require.Equal(t, k.w.slices[n].Proof.First, k.w.slices[m.Number].Proof.First)
	require.True(t, m.Proved)
	k.give(m.Number, false, 0, k.w.payload)
	require.Zero(t, k.e.stats.Barred)
	require.True(t, k.e.store.has(m.Number))
}

func TestDataWithoutAProofThatIsNotHereIsAnOffence(t *testing.T) {
	k := newFilm(t, 0)
	asked, _ := k.requests(100 * time.Millisecond)
	require.NotEmpty(t, asked)
	k.give(asked[0].Number, false, 0, 1000)
	require.EqualValues(t, 1, k.e.stats.Barred)
}

func TestTheServerLeavesOutAProofThatIsHere(t *testing.T) {
	k := newFilm(t, 0)
	_, fetches := k.requests(100 * time.Millisecond)
	require.NotEmpty(t, fetches)
	first := fetches[0]
	require.Nil(t, first.Proof)
	k.e.Fetched(k.w.now, k.w.slices[first.Number])
	w := k.e.want(first.Number + 4)
	k.e.cancel(w)
	k.e.unfetch(w)
	k.e.Actions()
	require.True(t, k.e.fetch(k.w.now, w, &k.e.stats.FetchedLate, 0))
	actions := k.e.Actions()
	require.Equal(t, Fetch, actions[0].Kind)
	require.Equal(t, k.w.slices[first.Number].Proof.Encoded, actions[0].Proof.Encoded)
	k.e.FetchFailed(k.w.now, w.number, Unreachable)
	k.e.server.resume, w.retry = time.Time{}, time.Time{}
	require.True(t, k.e.fetch(k.w.now, w, &k.e.stats.FetchedLate, 0))
	require.Nil(t, k.e.Actions()[0].Proof, "perhaps it cannot leave it out")
	k.e.FetchedRest(k.w.now, w.number, 0, k.w.slices[w.number].Payload)
	require.False(t, k.e.store.has(w.number), "it was not asked for so")
	k.e.Fetched(k.w.now, k.w.slices[w.number])
	require.True(t, k.e.store.has(w.number))
	require.Same(t, k.e.store.get(first.Number).Proof, k.e.store.get(w.number).Proof, "held once")
}

func TestWhatComesTwiceIsNoOffence(t *testing.T) {
	k := newFilm(t, 0)
	asked, _ := k.requests(100 * time.Millisecond)
	require.NotEmpty(t, asked)
	n, size := asked[0].Number, k.w.payload
	k.give(n, true, 20_000, 30_000) // the end of what was asked before
	k.give(n, false, 0, 20_000)
	k.give(n, false, 0, 15_000) // and all anew, in other parts
	k.give(n, false, 15_000, size)
	require.Zero(t, k.e.stats.Barred)
	require.True(t, k.e.store.has(n))
	require.EqualValues(t, 10_000+20_000, k.e.stats.DuplicateBytes)

	asked, _ = k.requests(100 * time.Millisecond)
	require.NotEmpty(t, asked)
	k.give(asked[0].Number, !asked[0].Proved, 0, 1000)
	k.give(asked[0].Number, false, 1001, 2000)
	require.EqualValues(t, 1, k.e.stats.Barred, "a gap comes of no request")
}

func TestProofs(t *testing.T) {
	signed := func(first slice.Number, entries int) *slice.Signed {
		return &slice.Signed{Statement: slice.Statement{First: first, Entries: make([]slice.Entry, entries)}}
	}
	p := &proofs{}
	a, b := signed(16, 8), signed(0, 8)
	p.keep(a)
	p.keep(b)
	p.keep(signed(16, 8))
	require.Len(t, p.kept, 2)
	require.Same(t, b, p.of(7))
	require.Nil(t, p.of(8))
	require.Nil(t, p.of(15))
	require.Same(t, a, p.of(16))
	require.Same(t, a, p.of(23))
	require.Nil(t, p.of(24))
	require.Same(t, a, p.known(signed(16, 8)))
	other := signed(16, 8)
	other.Signature[0] = 1
	require.Nil(t, p.known(other))
}
