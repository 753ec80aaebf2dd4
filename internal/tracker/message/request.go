package message

import (
	"unicode/utf8"

	"github.com/superp2p/superp2p/internal/fault"
)

// MaxSize is the largest message in bytes that peers and trackers send each other.
const MaxSize = 64 << 10

// MaxOffers is the largest number of offers in one announce that any tracker in use accepts.
const MaxOffers = 20

// MaxScrape is the largest number of info hashes in one scrape.
const MaxScrape = 64

// MaxExtra is the largest size in bytes of the value under the key "superp2p".
const MaxExtra = 4 << 10

// Action says what a message is about.
type Action uint8

// The actions.
const (
	NoAction Action = iota // only in a Response: some trackers leave it out of failures
	Announce
	Scrape
)

// Event says why a peer announces.
type Event uint8

// The events.
const (
	Update    Event = iota // a periodic announce
	Started                // the first announce on a connection
	Completed              // the peer holds everything now
	Stopped                // the peer leaves the swarm
)

// Offer is one offer of an announce.
type Offer struct {
	ID  ID
	SDP []byte // the JSON object {"type":"offer","sdp":"…"} as it was written
}

// Request is what a peer sends to a tracker: an announce, an answer (an announce with Answer set), or a scrape.
type Request struct {
	Action     Action
	InfoHash   ID // of an announce
	HasHash    bool
	PeerID     ID
	HasPeer    bool
	Event      Event
	NumWant    int   // how many peers it wants; -1 if it did not say
	Uploaded   int64 // bytes
	Downloaded int64 // bytes
	Left       int64 // bytes it lacks; 0: it holds everything; -1 if it did not say
	Offers     []Offer

	Answer     []byte // the JSON object {"type":"answer","sdp":"…"}, or nil
	ToPeerID   ID     // with Answer: who made the offer
	HasTo      bool
	OfferID    ID // with Answer: the offer it answers
	HasOfferID bool

	TrackerID  string // what the tracker named itself; only written, our tracker has no use for it
	InfoHashes []ID   // of a scrape; empty: everything
	Extra      []byte // the value under "superp2p", or nil
}

// What is wrong with a request, and what to do. The text travels as `failure reason`.
var (
	errJSON     = fault.New(fault.RequestInvalid, "the message is not well-formed JSON in UTF-8: send one JSON object a message")
	errAction   = fault.New(fault.RequestInvalid, `unknown action: send "announce" or "scrape"`)
	errHash     = fault.New(fault.RequestInvalid, "info_hash is missing or invalid: send 20 code points U+0000 to U+00FF")
	errPeer     = fault.New(fault.RequestInvalid, "peer_id is missing or invalid: send 20 code points U+0000 to U+00FF")
	errTo       = fault.New(fault.RequestInvalid, "to_peer_id is missing or invalid: an answer names the peer that made the offer")
	errOfferID  = fault.New(fault.RequestInvalid, "offer_id is missing or invalid: send 20 code points U+0000 to U+00FF")
	errOffer    = fault.New(fault.RequestInvalid, `an offer is invalid: send {"offer":{"type":"offer","sdp":…},"offer_id":…}`)
	errOffers   = fault.New(fault.LimitReached, "too many offers in one announce: send 20 or fewer")
	errAnswer   = fault.New(fault.RequestInvalid, `the answer is invalid: send {"type":"answer","sdp":…}`)
	errEvent    = fault.New(fault.RequestInvalid, `unknown event: send "started", "completed", "stopped" or none`)
	errScrapes  = fault.New(fault.LimitReached, "too many info hashes in one scrape: send 64 or fewer")
	errExtra    = fault.New(fault.LimitReached, `the value of "superp2p" is too large: send 4 KiB or less`)
	errTooLarge = fault.New(fault.LimitReached, "the message is too large: send 64 KiB or less")
)

// ParseRequest reads a peer's message into r, whose slices it reuses. On failure r holds what was read so far, so
// that the answer can name action and info_hash; the error is a *fault.Error with code request_invalid or
// limit_reached.
func ParseRequest(b []byte, r *Request) error {
	*r = Request{NumWant: -1, Left: -1, Offers: r.Offers[:0], InfoHashes: r.InfoHashes[:0]}
	if len(b) > MaxSize {
		return errTooLarge
	}
	if !utf8.Valid(b) {
		return errJSON
	}
	p := requestParser{scanner: scanner{b: b}, r: r}
	ok := p.object(p.member)
	switch {
	case p.err != nil:
		return p.err
	case !ok || p.next() != 0 || p.i != len(b):
		return errJSON
	}
	return r.check()
}

// check tells what an otherwise readable request lacks.
func (r *Request) check() error {
	switch {
	case r.Action == NoAction:
		return errAction
	case r.Action == Scrape:
		return nil
	case !r.HasHash:
		return errHash
	case !r.HasPeer:
		return errPeer
	case r.Answer != nil && !r.HasTo:
		return errTo
	case r.Answer != nil && !r.HasOfferID:
		return errOfferID
	}
	return nil
}

type requestParser struct {
	scanner
	r   *Request
	err error // set when the JSON is well-formed so far and the value is wrong
}

func (p *requestParser) fail(err error) bool {
	if p.err == nil {
		p.err = err
	}
	return false
}

const maxCount = 1 << 53 // what a JavaScript number holds exactly

func (p *requestParser) member(key []byte) (ok bool) {
	r := p.r
	switch string(key) {
	case "action":
		return p.action()
	case "event":
		return p.event()
	case "info_hash":
		return p.infoHash()
	case "peer_id":
		return p.id(&r.PeerID, &r.HasPeer, errPeer)
	case "to_peer_id":
		return p.id(&r.ToPeerID, &r.HasTo, errTo)
	case "offer_id":
		return p.id(&r.OfferID, &r.HasOfferID, errOfferID)
	case "numwant":
		n, ok := p.integer(-1, MaxOffers)
		r.NumWant = int(n)
		return ok
	case "uploaded":
		r.Uploaded, ok = p.integer(0, maxCount)
	case "downloaded":
		r.Downloaded, ok = p.integer(0, maxCount)
	case "left":
		r.Left, ok = p.integer(-1, maxCount)
	case "offers":
		return p.offers()
	case "answer":
		r.Answer, ok = p.description(errAnswer)
	case "superp2p":
		if r.Extra, ok = p.skip(0); ok && len(r.Extra) > MaxExtra {
			return p.fail(errExtra)
		}
	default:
		_, ok = p.skip(0)
	}
	return ok
}

func (p *requestParser) action() bool {
	raw, _, ok := p.text()
	switch {
	case !ok:
		return p.fail(errAction)
	case string(raw) == "announce":
		p.r.Action = Announce
	case string(raw) == "scrape":
		p.r.Action = Scrape
	default:
		return p.fail(errAction)
	}
	return true
}

func (p *requestParser) event() bool {
	if p.next() == 'n' {
		return p.word("null")
	}
	raw, _, ok := p.text()
	if !ok {
		return p.fail(errEvent)
	}
	switch string(raw) {
	case "", "empty", "update", "paused": // what clients write for a periodic announce (BEP 21: paused)
		p.r.Event = Update
	case "started":
		p.r.Event = Started
	case "completed":
		p.r.Event = Completed
	case "stopped":
		p.r.Event = Stopped
	default:
		return p.fail(errEvent)
	}
	return true
}

// id takes an identifier; null counts as absent.
func (p *requestParser) id(id *ID, has *bool, wrong error) bool {
	if p.next() == 'n' {
		return p.word("null")
	}
	raw, _, ok := p.text()
	if !ok || !decodeID(raw, id) {
		return p.fail(wrong)
	}
	*has = true
	return true
}

// infoHash takes the one hash of an announce, or the list of a scrape.
func (p *requestParser) infoHash() bool {
	r := p.r
	r.InfoHashes = r.InfoHashes[:0]
	if p.next() != '[' {
		if !p.id(&r.InfoHash, &r.HasHash, errHash) {
			return false
		}
		if r.HasHash {
			r.InfoHashes = append(r.InfoHashes, r.InfoHash)
		}
		return true
	}
	return p.array(func() bool {
		if len(r.InfoHashes) == MaxScrape {
			return p.fail(errScrapes)
		}
		var id ID
		has := false
		if !p.id(&id, &has, errHash) || !has {
			return p.fail(errHash)
		}
		r.InfoHashes = append(r.InfoHashes, id)
		return true
	})
}

func (p *requestParser) offers() bool {
	r := p.r
	r.Offers = r.Offers[:0]
	if p.next() == 'n' {
		return p.word("null")
	}
	if p.next() != '[' {
		return p.fail(errOffer)
	}
	return p.array(func() bool {
		if len(r.Offers) == MaxOffers {
			return p.fail(errOffers)
		}
		if p.next() != '{' {
			return p.fail(errOffer)
		}
		r.Offers = append(r.Offers, Offer{})
		offer := &r.Offers[len(r.Offers)-1]
		has := false
		if !p.object(func(key []byte) (ok bool) {
			switch string(key) {
			case "offer":
				offer.SDP, ok = p.description(errOffer)
			case "offer_id":
				ok = p.id(&offer.ID, &has, errOfferID)
			default:
				_, ok = p.skip(1)
			}
			return ok
		}) {
			return false
		}
		switch {
		case !has:
			return p.fail(errOfferID)
		case offer.SDP == nil:
			return p.fail(errOffer)
		}
		return true
	})
}

// description takes the object that holds an SDP; null counts as absent.
func (p *requestParser) description(wrong error) ([]byte, bool) {
	switch p.next() {
	case 'n':
		return nil, p.word("null")
	case '{':
		return p.skip(1)
	}
	return nil, p.fail(wrong)
}
