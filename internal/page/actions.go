package page

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// actions encodes what the engine asks for.
func (s *Session) actions() {
	for {
		list := s.engine.Actions()
		if len(list) == 0 {
			return
		}
		for i := range list {
			s.action(&list[i])
		}
	}
}

func (s *Session) action(a *swarm.Action) {
	w := &s.out
	switch a.Kind {
	case swarm.Send:
		w.kind(Send)
		w.number(int(a.Link))
		w.run(a.Data, a.Body)
	case swarm.Disconnect:
		w.kind(Disconnect)
		w.number(int(a.Link))
		w.flag(a.Bar)
		why := ""
		if a.Err != nil {
			why = a.Err.Error()
		}
		w.run([]byte(why))
	case swarm.Fetch:
		s.fetch(a)
	case swarm.CancelFetch:
		delete(s.fetches, a.Number)
		w.kind(CancelFetch)
		w.uvarint(uint64(a.Number))
	case swarm.Lost:
		w.kind(Lost)
	case swarm.Kept:
		s.kept(a.Slice)
	case swarm.Deliver, swarm.Started, swarm.Stalled, swarm.Resumed, swarm.Ended:
		if s.kind != File { // who reads a file has a clock of its own
			s.playback(a)
		}
	}
}

func (s *Session) fetch(a *swarm.Action) {
	f := fetching{a.Proof, a.Offset}
	s.fetches[a.Number] = f
	head, size, start, total, group := 0, 0, 0, 0, a.Number
	if a.Proof != nil {
		head, group = slice.FrameHead(a.Proof), a.Proof.Group
		for i := range a.Proof.Entries {
			if n := a.Proof.First + slice.Number(i); n == a.Number {
				start, size = total, int(a.Proof.Entries[i].Size)
			}
			total += int(a.Proof.Entries[i].Size)
		}
	}
	w := &s.out
	w.kind(Fetch)
	w.uvarint(uint64(a.Number))
	w.millis(a.Wait)
	w.number(a.Copies)
	w.number(a.Offset)
	w.number(head)
	w.number(size)
	w.uvarint(uint64(group))
	w.number(start)
	w.number(total)
}

// playback encodes what becomes of playback by the engine's clock.
func (s *Session) playback(a *swarm.Action) {
	w := &s.out
	switch a.Kind {
	case swarm.Deliver:
		st := &a.Slice.Proof.Statement
		w.kind(Deliver)
		w.uvarint(uint64(a.Slice.Number))
		w.uvarint(uint64(st.Group))
		w.millis(st.Time)
		w.millis(st.Duration / time.Duration(len(st.Entries)))
		w.number(int(st.Flags))
		if s.kind == LiveFLV {
			w.run(a.Slice.Payload)
		} else {
			w.run()
		}
	case swarm.Started:
		w.kind(Started)
	case swarm.Stalled:
		w.kind(Stalled)
	case swarm.Resumed:
		w.kind(Resumed)
		w.millis(a.Wait)
	case swarm.Ended:
		w.kind(Ended)
	}
}

func (s *Session) kept(sl *slice.Slice) {
	w := &s.out
	w.kind(Kept)
	w.uvarint(uint64(sl.Number))
	w.uvarint(uint64(sl.Proof.Group))
	if s.kind == LiveHLS {
		w.run(sl.Payload)
	} else {
		w.run()
	}
}

// state ends an answer.
func (s *Session) state(now time.Time) {
	w := &s.out
	w.kind(State)
	w.millis(max(0, s.engine.Next().Sub(now)) + time.Millisecond - 1)
	w.varint(int64(s.engine.WantPeers()))
	w.flag(s.engine.Accepts())
	w.uvarint(uint64(s.engine.Position()))
}

// StatNames are what Counts has, in order. Sizes are in bytes and durations in milliseconds.
var StatNames = [...]string{
	"peerBytes", "serverBytes", "duplicateBytes", "proofBytes", "controlIn", "controlOut", "uploadBytes", "badBytes",
	"pushedBytes", "pushedSlices", "uploadPushedBytes", "uploadSlices", "uploadPushedSlices", "peerSlices", "serverSlices",
	"timeouts", "refused", "barred", "offers", "taken", "fetchedFirst", "fetchedLate", "fetchedStart",
	"peers", "stalls", "stall", "delay", "buffered", "position",
}

func (s *Session) counts(now time.Time) {
	c := s.engine.Stats(now)
	ms := func(d time.Duration) uint64 { return uint64(max(0, d/time.Millisecond)) }
	list := [len(StatNames)]uint64{
		c.PeerBytes, c.ServerBytes, c.DuplicateBytes, c.ProofBytes, c.ControlIn, c.ControlOut, c.UploadBytes, c.BadBytes,
		c.PushedBytes, c.PushedSlices, c.UploadPushedBytes, c.UploadSlices, c.UploadPushedSlices, c.PeerSlices, c.ServerSlices,
		c.Timeouts, c.Refused, c.Barred, c.Offers, c.Taken, c.FetchedFirst, c.FetchedLate, c.FetchedStart,
		uint64(c.Peers), c.Stalls, ms(c.Stall), ms(c.Delay), ms(c.Buffered), ms(c.Position),
	}
	s.out.kind(Counts)
	s.out.number(len(list))
	for _, v := range list {
		s.out.uvarint(v)
	}
}
