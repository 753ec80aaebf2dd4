package message

import (
	"unicode/utf8"

	"github.com/superp2p/superp2p/internal/fault"
)

// Response is what a tracker sends to a peer: the answer to an announce, a relayed offer or answer, the answer to a
// scrape, or a failure. Fields that were absent, null or of another type than expected are zero: trackers differ.
type Response struct {
	Action   Action
	InfoHash ID
	HasHash  bool

	HasCounts            bool // it is the answer to an announce
	Complete, Incomplete int
	Interval             int // seconds; 0 if it did not say
	MinInterval          int // seconds; 0 if it did not say

	PeerID     ID
	HasPeer    bool
	OfferID    ID
	HasOfferID bool
	Offer      []byte // {"type":"offer","sdp":"…"}, or nil
	Answer     []byte // {"type":"answer","sdp":"…"}, or nil

	Files     []File // of a scrape
	Failure   string // `failure reason`: the request was refused
	Warning   string // `warning message`
	TrackerID string // to be sent back with later announces, if not ""
	Extra     []byte // the value under "superp2p", or nil
}

var errResponse = fault.New(fault.ServerInvalid,
	"the tracker sent something that is no JSON object: check that the URL is a WebTorrent tracker's")

// ParseResponse reads a tracker's message into r. The error is a *fault.Error with code server_invalid.
func ParseResponse(b []byte, r *Response) error {
	*r = Response{Files: r.Files[:0]}
	if !utf8.Valid(b) {
		return errResponse
	}
	p := responseParser{scanner: scanner{b: b}, r: r}
	if !p.object(p.member) || p.next() != 0 || p.i != len(b) {
		return errResponse
	}
	return nil
}

// ParseDescription returns the SDP in {"type":"offer","sdp":"…"}.
func ParseDescription(b []byte) (sdp string, ok bool) {
	s := scanner{b: b}
	ok = s.object(func(key []byte) bool {
		if string(key) == "sdp" {
			sdp = s.string()
		}
		_, ok := s.rest()
		return ok
	})
	return sdp, ok && sdp != ""
}

type responseParser struct {
	scanner
	r *Response
}

// string returns the string that follows without taking it; "" if something else follows.
func (s *scanner) string() string {
	ahead := *s
	raw, escaped, ok := ahead.text()
	if !ok {
		return ""
	}
	if escaped {
		raw = unescape(raw)
	}
	return string(raw)
}

// count returns the number that follows without taking it; 0 if something else follows.
func (s *scanner) count() int {
	ahead := *s
	n, _ := ahead.integer(0, 1<<31-1)
	return int(n)
}

// identifier reads the ID that follows without taking it.
func (s *scanner) identifier(id *ID) bool {
	ahead := *s
	raw, _, ok := ahead.text()
	return ok && decodeID(raw, id)
}

// rest takes the value that follows.
func (s *scanner) rest() ([]byte, bool) { return s.skip(0) }

// member looks at each value without judging it, and then takes it whatever it is.
func (p *responseParser) member(key []byte) bool {
	r := p.r
	p.space()
	switch string(key) {
	case "action":
		switch p.string() {
		case "announce":
			r.Action = Announce
		case "scrape":
			r.Action = Scrape
		}
	case "info_hash":
		r.HasHash = p.identifier(&r.InfoHash)
	case "peer_id":
		r.HasPeer = p.identifier(&r.PeerID)
	case "offer_id":
		r.HasOfferID = p.identifier(&r.OfferID)
	case "complete":
		r.Complete, r.HasCounts = p.count(), true
	case "incomplete":
		r.Incomplete, r.HasCounts = p.count(), true
	case "interval":
		r.Interval = p.count()
	case "min interval", "min_interval":
		r.MinInterval = p.count()
	case "failure reason", "failure_reason":
		r.Failure = p.string()
	case "warning message", "warning_message":
		r.Warning = p.string()
	case "tracker id", "trackerid":
		r.TrackerID = p.string()
	}
	value, ok := p.rest()
	if !ok {
		return false
	}
	switch string(key) {
	case "offer":
		r.Offer = object(value)
	case "answer":
		r.Answer = object(value)
	case "superp2p":
		r.Extra = value
	case "files":
		r.files(value)
	}
	return true
}

func object(value []byte) []byte {
	if value[0] != '{' {
		return nil
	}
	return value
}

func (r *Response) files(value []byte) {
	s := scanner{b: value}
	s.object(func(key []byte) bool {
		f := File{}
		ok := len(r.Files) < MaxScrape && codePoints(key, &f.InfoHash)
		if s.next() != '{' {
			_, ok := s.rest()
			return ok
		}
		if !s.object(func(key []byte) bool {
			switch string(key) {
			case "complete":
				f.Complete = s.count()
			case "incomplete":
				f.Incomplete = s.count()
			case "downloaded":
				f.Downloaded = s.count()
			}
			_, ok := s.rest()
			return ok
		}) {
			return false
		}
		if ok {
			r.Files = append(r.Files, f)
		}
		return true
	})
}

// codePoints reads unescaped text as 20 code points ≤ U+00FF.
func codePoints(text []byte, id *ID) bool {
	n := 0
	for _, r := range string(text) {
		if n == len(id) || r > 0xFF {
			return false
		}
		id[n] = byte(r)
		n++
	}
	return n == len(id)
}
