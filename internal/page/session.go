package page

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// Session is the engine of one track and what is kept to encode for it. Open makes one.
type Session struct {
	kind    Kind
	cfg     swarm.Config
	engine  *swarm.Engine
	last    time.Time // of the last call
	link    swarm.Link
	fetches map[slice.Number]fetching
	out     writer
}

// fetching is what the server was asked for.
type fetching struct {
	proof  *slice.Signed // nil: all of the slice
	offset int
}

// Run takes a run of inputs in at now and returns the outputs that follow, valid until the next call; nil if an input is
// malformed, after those before it were taken in. Outputs end with a State. Time does not go back: an earlier now counts as
// that of the call before.
func (s *Session) Run(now time.Time, inputs []byte) []byte {
	if now.Before(s.last) {
		now = s.last
	}
	s.last = now
	s.out.b = s.out.b[:0]
	r := &reader{b: inputs}
	for len(r.b) > 0 {
		kind := Input(r.b[0])
		r.b = r.b[1:]
		s.take(now, kind, r)
		if r.bad {
			return nil
		}
		s.actions()
	}
	s.state(now)
	return s.out.b
}

// take takes one input in.
func (s *Session) take(now time.Time, kind Input, r *reader) {
	e := s.engine
	switch kind {
	case Tick:
		e.Tick(now)
	case LinkOpened, LinkClosed, Message, Drained:
		s.takeLink(now, kind, r)
	case Fetched, FetchFailed, Proved, Restore:
		s.takeSlice(now, kind, r)
	case Read:
		n, count, eager := slice.Number(r.uvarint(maxNumber)), int(r.uvarint(maxGroups)), r.flag()
		if !r.bad {
			s.read(now, n, count, eager)
		}
	case SwarmSize:
		if n := int(r.uvarint(1 << 30)); !r.bad {
			e.SwarmSize(now, n)
		}
	case SetUpload:
		if on := r.flag(); !r.bad {
			e.SetUpload(now, on)
		}
	case SetDownload:
		if on := r.flag(); !r.bad {
			e.SetDownload(now, on)
		}
	case SetMaxBytes:
		if n := int(r.uvarint(1 << 30)); !r.bad && n > 0 {
			e.SetMaxBytes(now, n)
		}
	case Reposition:
		s.reposition(now, r)
	case Seek:
		if at := r.millis(); !r.bad {
			e.Seek(now, at)
		}
	case Hold:
		if on := r.flag(); !r.bad {
			e.Hold(now, on)
		}
	case Leave:
		e.Leave(now)
	case Stats:
		s.counts(now)
	default:
		r.fail()
	}
}

func (s *Session) reposition(now time.Time, r *reader) {
	var live swarm.Live
	var offset time.Duration
	if s.kind == File {
		offset = r.offset()
	} else {
		live, offset = r.live()
	}
	live.Crowd = s.cfg.Live.Crowd
	if !r.bad {
		s.engine.Reposition(now, live, offset)
	}
}

// takeLink takes what happened on a link in.
func (s *Session) takeLink(now time.Time, kind Input, r *reader) {
	l := swarm.Link(r.uvarint(maxLinks))
	switch kind {
	case LinkOpened:
		id := r.bytes(len(swarm.PeerID{}))
		if r.bad || l != s.link+1 {
			r.fail()
			return
		}
		s.link = l
		s.engine.LinkOpened(now, l, swarm.PeerID(id))
	case LinkClosed:
		if !r.bad {
			s.engine.LinkClosed(now, l)
		}
	case Message:
		if b := r.run(maxRun); !r.bad {
			s.engine.Received(now, l, append([]byte(nil), b...)) // the engine keeps it, and the page's memory is used again
		}
	case Drained:
		if waiting := int(r.uvarint(1 << 40)); !r.bad {
			s.engine.Drained(now, l, waiting)
		}
	}
}

// read answers with slice n and up to count in all, as far as they are here.
func (s *Session) read(now time.Time, n slice.Number, count int, eager bool) {
	s.engine.Hold(now, false)
	one := s.engine.Read(now, n, eager)
	for ; one != nil && count > 0; count-- {
		s.out.kind(Slice)
		s.out.uvarint(uint64(one.Number))
		s.out.run(one.Payload)
		one = s.engine.Held(one.Number + 1)
	}
}

// takeSlice takes what a server gave, or that it did not.
func (s *Session) takeSlice(now time.Time, kind Input, r *reader) {
	n := slice.Number(r.uvarint(maxNumber))
	switch kind {
	case Fetched:
		if b := r.run(maxRun); !r.bad {
			s.fetched(now, n, append([]byte(nil), b...))
		}
	case FetchFailed:
		why := swarm.FetchError(r.uvarint(uint64(swarm.Unreachable)))
		if r.bad || why < swarm.NotYet {
			r.fail()
			return
		}
		s.failed(now, n, why)
	case Proved:
		proof, payload := r.run(maxRun), r.run(maxRun)
		if !r.bad {
			s.proved(now, n, append([]byte(nil), proof...), append([]byte(nil), payload...))
		}
	case Restore:
		if b := r.run(maxRun); !r.bad {
			s.restore(now, n, append([]byte(nil), b...))
		}
	}
}

// fetched takes the body of the server's answer to a request for slice n.
func (s *Session) fetched(now time.Time, n slice.Number, body []byte) {
	f, ok := s.fetches[n]
	if !ok {
		return // taken back meanwhile
	}
	if f.proof == nil {
		got, err := slice.ParseFrame(s.cfg.Track, n, body)
		if err != nil {
			s.refuse(now, n, Unreadable)
			return
		}
		delete(s.fetches, n)
		s.engine.Fetched(now, got)
		return
	}
	size := int(f.proof.Entry(n).Size)
	if len(body) != size-f.offset { // a server that knows no ranges gives all of the slice
		got, err := slice.ParseFrame(s.cfg.Track, n, body)
		if err != nil || got.Proof.Entry(n) != f.proof.Entry(n) {
			s.refuse(now, n, Unreadable)
			return
		}
		body = got.Payload[f.offset:]
	}
	delete(s.fetches, n)
	s.engine.FetchedRest(now, n, f.offset, body)
}

// proved takes what an origin gave of slice n, from the offset on that was asked for, with the server's proof; no proof where
// the engine has it.
func (s *Session) proved(now time.Time, n slice.Number, head, payload []byte) {
	f, ok := s.fetches[n]
	if !ok {
		return
	}
	proof := f.proof
	if proof == nil {
		var err error
		if proof, err = slice.ParseProof(s.cfg.Track, head); err != nil || !proof.Covers(n) {
			s.refuse(now, n, Unreadable)
			return
		}
	}
	if f.offset == 0 && s.cfg.Verifier.Payload(&proof.Statement, n, payload) != nil {
		s.refuse(now, n, Differs)
		return
	}
	delete(s.fetches, n)
	if f.proof != nil {
		s.engine.FetchedRest(now, n, f.offset, payload)
		return
	}
	s.engine.Fetched(now, &slice.Slice{Number: n, Proof: proof, Payload: payload})
}

// restore takes a slice that the page had before.
func (s *Session) restore(now time.Time, n slice.Number, frame []byte) {
	got, err := slice.ParseFrame(s.cfg.Track, n, frame)
	if err != nil || !s.engine.Restore(now, got) {
		s.out.kind(Refused)
		s.out.uvarint(uint64(n))
		s.out.number(Unproved)
	}
}

// refuse says that an answer is not used. What differs at the origin is asked of the server by the page, so that the engine
// still waits for it.
func (s *Session) refuse(now time.Time, n slice.Number, why int) {
	s.out.kind(Refused)
	s.out.uvarint(uint64(n))
	s.out.number(why)
	if why == Unreadable {
		s.failed(now, n, swarm.Unreachable)
	}
}

func (s *Session) failed(now time.Time, n slice.Number, why swarm.FetchError) {
	delete(s.fetches, n)
	s.engine.FetchFailed(now, n, why)
}
