package edge

import (
	"encoding/hex"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/signing"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/slicer"
	"github.com/superp2p/superp2p/internal/source"
)

const (
	// flushAfter is how long a slice may be open by the clock: a little more than one lasts by its timestamps, so that
	// it only ends one when tags do not come.
	flushAfter = slice.MaxDuration + 50*time.Millisecond
	// queued is how many tags wait for the cutter.
	queued = 16
)

// tags is the feed of a stream that comes as FLV tags.
type tags struct {
	stream *stream
	source source.Source
}

func (f *tags) follow() (cutAny bool, err error) {
	s, src := f.stream, f.source
	tags, lost, end := make(chan flv.Tag, queued), make(chan error, 1), make(chan struct{})
	s.edge.tasks.Go(func() {
		defer close(tags)
		for {
			t, err := src.ReadTag()
			if err != nil {
				lost <- err
				return
			}
			select {
			case tags <- t:
			case <-end:
				return
			}
		}
	})
	defer func() {
		close(end)
		_ = src.Close()
		cutAny = s.publish(s.slicer.Flush()) || cutAny
	}()

	flush := time.NewTimer(flushAfter)
	defer flush.Stop()
	ticker := time.NewTicker(lookAround)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case t, ok := <-tags:
			if !ok {
				return cutAny, <-lost
			}
			last = time.Now()
			if s.publish(s.slicer.Push(t)) {
				cutAny = true
				flush.Reset(flushAfter)
			}
		case <-flush.C:
			cutAny = s.publish(s.slicer.Flush()) || cutAny
			flush.Reset(flushAfter)
		case <-ticker.C:
			if s.edge.forgetUnwatched(s) {
				return cutAny, errUnwatched
			}
			if time.Since(last) > s.edge.config.IdleTimeout {
				return cutAny, fault.New(fault.SourceTimeout, "the source has sent nothing for a while")
			}
		case <-s.edge.ctx.Done():
			return cutAny, closing()
		}
	}
}

// publish numbers, signs and keeps what was cut; it tells whether that was anything.
func (s *stream) publish(cuts []slicer.Cut) bool {
	for i := range cuts {
		s.add(&cuts[i])
	}
	return len(cuts) > 0
}

func (s *stream) add(c *slicer.Cut) {
	first := s.next == 0
	if c.StartsGroup {
		s.group = s.next
	}
	now := s.edge.config.Now()
	proof := s.edge.config.Signer.Sign(slice.Statement{
		Track: s.track, Group: s.group, First: s.next, Time: c.Time, Duration: c.Duration,
		Cut: now.Truncate(time.Millisecond), Flags: c.Flags,
		Entries: []slice.Entry{{Size: uint32(len(c.Payload)), Digest: signing.Sum(c.Payload)}},
	})
	one := &slice.Slice{Number: s.next, Proof: proof, Payload: c.Payload}
	frame := slice.AppendFrame(make([]byte, 0, len(c.Payload)+len(proof.Encoded)+len(proof.Signature)+4), one)
	// From here on the payload is held once, inside the frame.
	at := len(frame) - len(c.Payload)
	one.Payload = frame[at:len(frame):len(frame)]

	s.bytesIn.Add(int64(len(c.Payload)))
	s.edge.bytesIn.Add(int64(len(c.Payload)))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	s.window.append(one, frame)
	if s.line != nil {
		if err := s.line.Append(one); err != nil {
			s.log.Error("a slice cannot be played by HTTP-FLV", "number", one.Number, "error", err)
		}
	}
	if s.state != edgeapi.StateLive {
		s.state, s.err = edgeapi.StateLive, nil
		s.log.Info("stream is live", "number", one.Number)
	}
	if first {
		s.cut = now
	}
	if !s.holds {
		s.letBegin()
	}
}

func hexHash(h [20]byte) string { return hex.EncodeToString(h[:]) }
