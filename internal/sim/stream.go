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
	sliceTime = 250 * time.Millisecond
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

// cut appends the slices of the next quarter of a second.
func (s *stream) cut() {
	i := int(s.end / sliceTime)
	perGroup := max(1, int(time.Duration(s.sc.Keyframes)/sliceTime))
	weight := 1.0
	if perGroup > 1 {
		key := s.sc.KeyframeWeight
		weight = (float64(perGroup) - key) / float64(perGroup-1)
		if i%perGroup == 0 {
			weight = key
		}
	}
	weight *= 1 + s.sc.Variation*(2*s.rand.Float64()-1)
	size := max(1000, int(s.sc.Bitrate/8*sliceTime.Seconds()*weight))
	parts := (size + slice.MaxPayload - 1) / slice.MaxPayload
	for p := range parts {
		n := slice.Number(len(s.slices))
		lasts := (sliceTime / time.Duration(parts)).Truncate(time.Millisecond)
		if p == parts-1 {
			lasts = sliceTime - time.Duration(parts-1)*lasts
		}
		bytes := size / parts
		if s.next+bytes > len(s.pool) {
			s.next = 0
		}
		payload := s.pool[s.next : s.next+bytes]
		s.next += bytes
		group := n
		if i%perGroup != 0 || p > 0 {
			group = s.slices[n-1].Proof.Group
		}
		cut := s.began.Add(s.end + sliceTime).Add(time.Duration(s.rand.IntN(10)) * time.Millisecond)
		st := slice.Statement{
			Track: s.track, First: n, Group: group, Time: s.end + time.Duration(p)*(sliceTime/time.Duration(parts)).Truncate(time.Millisecond),
			Duration: lasts, Cut: cut, Entries: []slice.Entry{{Size: uint32(bytes), Digest: signing.Sum(payload)}},
		}
		s.slices = append(s.slices, &slice.Slice{Number: n, Proof: s.signer.Sign(st), Payload: payload})
	}
	s.end += sliceTime
}

// live is what the edge says of the stream.
func (s *stream) live() swarm.Live {
	edge := s.slices[len(s.slices)-1]
	l := swarm.Live{Line: s.began, Edge: edge.Number, EdgeTime: edge.Proof.Time, Rate: 4}
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
	if p := all[s.First].Proof; s.Signature != p.Signature || !bytes.Equal(s.Encoded, p.Encoded) {
		return errStatement
	}
	return nil
}

func (v verifier) Payload(s *slice.Statement, n slice.Number, payload []byte) error {
	right := v.v.w.stream.slices[n].Payload
	if len(payload) == len(right) && (&payload[0] == &right[0] || bytes.Equal(payload, right)) {
		v.v.proved(n)
		return nil
	}
	return errPayload
}
