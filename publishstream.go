package superp2p

import (
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// publisher is the part of a P2PNetStream that publishes.
type publisher struct {
	mu  sync.Mutex // of swap
	now *publishing
	at  sync.Mutex // of now
}

// swap ends what is published and puts p in its place. It returns when Unpublish.Success was told.
func (s *publisher) swap(begin func() *publishing) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.current(); old != nil {
		old.stop()
	}
	p := begin()
	s.at.Lock()
	s.now = p
	s.at.Unlock()
}

// unpublish ends what is published, and returns when that was told.
func (n *P2PNetStream) unpublish() { n.publishes.swap(func() *publishing { return nil }) }

func (s *publisher) current() *publishing {
	s.at.Lock()
	defer s.at.Unlock()
	return s.now
}

var errNotPublishing = fault.New(fault.Closed, "nothing is published; call Publish")

// Publish sends a stream to the server by RTMP, under name: app/name, or name in the application «live», with
// ?key=KEY after it where the server wants one, as NetStream.publish does. It returns at once. Write and Send, which
// wait until the server agrees, carry what is published. Where the server takes streams it tells itself (port 1935
// if it does not); Config.PublishURL says it instead, and so does a whole rtmp URL as the name.
//
// The events are Publish.Start, Publish.Idle when nothing was written for 10 s, and at the end Unpublish.Success; or
// exactly one error: Publish.BadName where the name is taken or the key wrong, NetStream.Failed where the server cannot
// be reached within Config.StartTimeout or is gone.
//
// kind is "live", or "" for the same; "record", "append" and "appendWithGap" are refused with request_invalid, since the
// server records nothing. An empty name ends what is published, as Close does. What is played is ended first: a stream
// plays or publishes.
func (n *P2PNetStream) Publish(name, kind string) error {
	if name == "" {
		n.unpublish()
		return nil
	}
	_ = n.Close()
	about := &play{url: name}
	tell := func(code, level, description string, err error) {
		n.tell(about, NetStatusEvent{Code: code, Level: level, Description: description, Details: name, Time: time.Now(), Err: err})
	}
	if err := checkPublish(name, kind); err != nil {
		tell(NetStreamFailed, levelError, sentence(err), err)
		return err
	}
	n.publishes.swap(func() *publishing { return publish(&n.cfg, n.cfg.PublishURL, name, tell) })
	return nil
}

// Write publishes FLV bytes after Publish: a file header, then tags; they may be cut anywhere. It waits until the server
// agrees and, unless Config.Unpaced, does not send a recording faster than it plays: bytes wait until at most a second
// before their time. It may be called from any goroutine, one at a time.
//
// Errors: closed if nothing is published, source_invalid for bytes that are no FLV, and what Publish failed with.
func (n *P2PNetStream) Write(b []byte) (int, error) {
	p := n.publishes.current()
	if p == nil {
		return 0, errNotPublishing
	}
	return p.Write(b)
}

// Send calls a handler of those who play what is published: it sends script data with the arguments, in AMF0, at the time
// of the last tag. As on Flash, the handler "@setDataFrame" with "onMetaData" and an object sets the metadata for those
// who come later. Numbers, booleans, strings, times, nil, and slices and maps of these can be sent.
//
// Errors: closed if nothing is published, request_invalid for arguments of other types, and what Publish failed with.
func (n *P2PNetStream) Send(handler string, args ...any) error {
	p := n.publishes.current()
	if p == nil {
		return errNotPublishing
	}
	return p.call(handler, args...)
}
