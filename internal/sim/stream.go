package sim

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

const (
	sliceTime = 125 * time.Millisecond
	// history is how long the stream has been on air when the simulation begins.
	history = 60 * time.Second
	// keptFor is how long the edge keeps slices.
	keptFor = 40 * time.Second
)

// stream is what the edge cuts: all slices, as they are when every byte is right.
type stream struct {
	sc     *Scenario
	rand   *rand.Rand
	signer *signing.Signer
	track  slice.TrackID
	began  time.Time
	end    time.Duration // track time cut so far
	slices []*slice.Slice
	cuts   []int64 // of each, when it was cut, ns since the simulation began
	file   *swarm.File
	pool   []byte // payloads are parts of it, so that memory stays bounded
	next   int    // in the pool
}

func newStream(sc *Scenario, seed uint64, began time.Time) *stream {
	s := &stream{
		sc: sc, rand: rand.New(rand.NewPCG(seed, 1)), signer: signing.NewSigner([32]byte{byte(seed)}),
		track: slice.TrackID{byte(seed), 1}, began: began, pool: make([]byte, 32<<20),
	}
	for i := range s.pool {
		s.pool[i] = byte(s.rand.Uint32())
	}
	return s
}

// load makes all slices of a file at once, with one statement a group.
func (s *stream) load(length time.Duration) {
	s.file = &swarm.File{}
	for s.end < length {
		group := slice.Number(len(s.slices))
		st := slice.Statement{Track: s.track, First: group, Group: group, Time: s.end, Cut: s.began}
		s.file.Groups = append(s.file.Groups, swarm.Group{Number: group, Time: s.end})
		for range s.perGroup() {
			for _, payload := range s.payloads() {
				st.Entries = append(st.Entries, slice.Entry{Size: uint32(len(payload)), Digest: signing.Sum(payload)})
				s.slices = append(s.slices, &slice.Slice{Number: slice.Number(len(s.slices)), Payload: payload})
			}
			s.end += sliceTime
		}
		st.Duration = s.end - st.Time
		if s.end >= length {
			st.Flags |= slice.Final
		}
		proof := s.signer.Sign(st)
		for _, sl := range s.slices[group:] {
			sl.Proof = proof
		}
	}
	s.cuts = make([]int64, len(s.slices))
	s.file.Slices, s.file.Duration = slice.Number(len(s.slices)), s.end
}

func (s *stream) perGroup() int { return max(1, int(time.Duration(s.sc.Keyframes)/sliceTime)) }

// payloads returns those of the next eighth of a second: one, or several where one would be too large.
func (s *stream) payloads() [][]byte {
	weight := 1.0
	if n := s.perGroup(); n > 1 {
		key := s.sc.KeyframeWeight
		weight = (float64(n) - key) / float64(n-1)
		if int(s.end/sliceTime)%n == 0 {
			weight = key
		}
	}
	weight *= 1 + s.sc.Variation*(2*s.rand.Float64()-1)
	size := max(1000, int(s.sc.Bitrate/8*sliceTime.Seconds()*weight))
	parts := (size + slice.LivePayload - 1) / slice.LivePayload
	size /= parts
	payloads := make([][]byte, parts)
	for i := range payloads {
		if s.next+size > len(s.pool) {
			s.next = 0
		}
		payloads[i] = s.pool[s.next : s.next+size : s.next+size]
		s.next += size
	}
	return payloads
}

// cut appends the slices of the next eighth of a second of a live stream; now is ns since the simulation began.
func (s *stream) cut(now int64) {
	first := int(s.end/sliceTime)%s.perGroup() == 0
	payloads := s.payloads()
	each := (sliceTime / time.Duration(len(payloads))).Truncate(time.Millisecond)
	for i, payload := range payloads {
		n := slice.Number(len(s.slices))
		lasts := each
		if i == len(payloads)-1 {
			lasts = sliceTime - time.Duration(i)*each
		}
		group := n
		if !first || i > 0 {
			group = s.slices[n-1].Proof.Group
		}
		cut := s.began.Add(s.end + sliceTime).Add(time.Duration(s.rand.IntN(10)) * time.Millisecond)
		st := slice.Statement{
			Track: s.track, First: n, Group: group, Time: s.end + time.Duration(i)*each,
			Duration: lasts, Cut: cut, Entries: []slice.Entry{{Size: uint32(len(payload)), Digest: signing.Sum(payload)}},
		}
		s.slices = append(s.slices, &slice.Slice{Number: n, Proof: s.signer.Sign(st), Payload: payload})
		s.cuts = append(s.cuts, now)
	}
	s.end += sliceTime
}

// live is what the edge says of the stream.
func (s *stream) live() swarm.Live {
	edge := s.slices[len(s.slices)-1]
	l := swarm.Live{Line: s.began, Edge: edge.Number, EdgeTime: edge.Proof.Time}
	first := len(s.slices)
	for first > 0 && s.slices[first-1].Proof.Time > s.end-keptFor {
		first--
	}
	for _, sl := range s.slices[first:] {
		if sl.Proof.Group == sl.Number {
			l.Groups = append(l.Groups, swarm.Group{Number: sl.Number, Time: sl.Proof.Time})
		}
	}
	l.Rate = float64(len(s.slices)-first) / keptFor.Seconds()
	return l
}

// same tells whether two payloads are the same bytes; those that share memory are not looked at.
func same(a, b []byte) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0] || bytes.Equal(a, b))
}

var (
	errStatement = errors.New("sim: not a statement of the edge")
	errPayload   = errors.New("sim: not the bytes that the edge cut")
)

// verifier checks against what was cut instead of by cryptography: bytes that are shared with the stream are right
// without being looked at, all others are compared.
type verifier struct {
	v *viewer
}

func (v verifier) Statement(s *slice.Signed) error {
	all := v.v.w.stream.slices
	if int(s.First) >= len(all) {
		return errStatement
	}
	p := all[s.First].Proof
	if s.Signature != p.Signature || !bytes.Equal(s.Encoded, p.Encoded) {
		return errStatement
	}
	if s != p {
		s.Encoded, s.Entries = p.Encoded, p.Entries // the same bytes, but not a copy for each viewer
	}
	return nil
}

func (v verifier) Payload(s *slice.Statement, n slice.Number, payload []byte) error {
	right := v.v.w.stream.slices[n].Payload
	if same(payload, right) {
		v.v.proved(n)
		return nil
	}
	return errPayload
}
