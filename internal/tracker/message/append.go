package message

import (
	"strconv"
	"unicode/utf8"
)

// AppendAnnounce appends what a peer sends to join, refresh or leave a swarm. The offers' SDP are JSON objects, as
// AppendDescription makes them. NumWant < 0 asks for as many peers as there are offers, Left < 0 is left out.
func AppendAnnounce(b []byte, r *Request) []byte {
	b = append(b, `{"action":"announce","info_hash":`...)
	b = AppendID(b, &r.InfoHash)
	b = append(b, `,"peer_id":`...)
	b = AppendID(b, &r.PeerID)
	if r.Answer != nil {
		b = append(b, `,"to_peer_id":`...)
		b = AppendID(b, &r.ToPeerID)
		b = append(b, `,"offer_id":`...)
		b = AppendID(b, &r.OfferID)
		b = append(b, `,"answer":`...)
		b = append(b, r.Answer...)
		return appendEnd(b, r.Extra)
	}
	n := r.NumWant
	if n < 0 {
		n = len(r.Offers)
	}
	b = append(b, `,"numwant":`...)
	b = strconv.AppendInt(b, int64(n), 10)
	b = append(b, `,"uploaded":`...)
	b = strconv.AppendInt(b, r.Uploaded, 10)
	b = append(b, `,"downloaded":`...)
	b = strconv.AppendInt(b, r.Downloaded, 10)
	if r.Left >= 0 {
		b = append(b, `,"left":`...)
		b = strconv.AppendInt(b, r.Left, 10)
	}
	switch r.Event {
	case Started:
		b = append(b, `,"event":"started"`...)
	case Completed:
		b = append(b, `,"event":"completed"`...)
	case Stopped:
		b = append(b, `,"event":"stopped"`...)
	case Update:
	}
	if len(r.Offers) > 0 {
		b = append(b, `,"offers":[`...)
		for i := range r.Offers {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, `{"offer":`...)
			b = append(b, r.Offers[i].SDP...)
			b = append(b, `,"offer_id":`...)
			b = AppendID(b, &r.Offers[i].ID)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	if r.TrackerID != "" {
		b = append(b, `,"trackerid":`...)
		b = AppendText(b, r.TrackerID)
	}
	return appendEnd(b, r.Extra)
}

// AppendScrape appends a peer's question for the sizes of swarms.
func AppendScrape(b []byte, infoHashes ...ID) []byte {
	b = append(b, `{"action":"scrape","info_hash":[`...)
	for i := range infoHashes {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendID(b, &infoHashes[i])
	}
	return append(b, "]}"...)
}

// AppendDescription appends the object that stands for an SDP; kind is "offer" or "answer".
func AppendDescription(b []byte, kind, sdp string) []byte {
	b = append(b, `{"type":`...)
	b = AppendText(b, kind)
	b = append(b, `,"sdp":`...)
	b = AppendText(b, sdp)
	return append(b, '}')
}

// AppendCounts appends a tracker's answer to an announce. interval is in seconds.
func AppendCounts(b []byte, infoHash *ID, complete, incomplete, interval int) []byte {
	b = append(b, `{"action":"announce","info_hash":`...)
	b = AppendID(b, infoHash)
	b = append(b, `,"complete":`...)
	b = strconv.AppendInt(b, int64(complete), 10)
	b = append(b, `,"incomplete":`...)
	b = strconv.AppendInt(b, int64(incomplete), 10)
	b = append(b, `,"interval":`...)
	b = strconv.AppendInt(b, int64(interval), 10)
	return append(b, '}')
}

// AppendOffer appends the relayed form of an offer from peer.
func AppendOffer(b []byte, infoHash, peer, offerID *ID, sdp, extra []byte) []byte {
	return appendRelay(b, `,"offer":`, infoHash, peer, offerID, sdp, extra)
}

// AppendAnswer appends the relayed form of an answer from peer.
func AppendAnswer(b []byte, infoHash, peer, offerID *ID, sdp, extra []byte) []byte {
	return appendRelay(b, `,"answer":`, infoHash, peer, offerID, sdp, extra)
}

func appendRelay(b []byte, key string, infoHash, peer, offerID *ID, sdp, extra []byte) []byte {
	b = append(b, `{"action":"announce","info_hash":`...)
	b = AppendID(b, infoHash)
	b = append(b, `,"peer_id":`...)
	b = AppendID(b, peer)
	b = append(b, `,"offer_id":`...)
	b = AppendID(b, offerID)
	b = append(b, key...)
	b = append(b, sdp...)
	return appendEnd(b, extra)
}

func appendEnd(b, extra []byte) []byte {
	if extra != nil {
		b = append(b, `,"superp2p":`...)
		b = append(b, extra...)
	}
	return append(b, '}')
}

// File is the part of a scrape answer that speaks of one swarm.
type File struct {
	InfoHash                         ID
	Complete, Incomplete, Downloaded int
}

// AppendFiles appends a tracker's answer to a scrape.
func AppendFiles(b []byte, files []File) []byte {
	b = append(b, `{"action":"scrape","files":{`...)
	for i := range files {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendID(b, &files[i].InfoHash)
		b = append(b, `:{"complete":`...)
		b = strconv.AppendInt(b, int64(files[i].Complete), 10)
		b = append(b, `,"incomplete":`...)
		b = strconv.AppendInt(b, int64(files[i].Incomplete), 10)
		b = append(b, `,"downloaded":`...)
		b = strconv.AppendInt(b, int64(files[i].Downloaded), 10)
		b = append(b, '}')
	}
	return append(b, "}}"...)
}

// AppendFailure appends a tracker's refusal of r, as far as r could be read.
func AppendFailure(b []byte, r *Request, reason string) []byte {
	b = append(b, `{"action":`...)
	if r.Action == Scrape {
		b = append(b, `"scrape"`...)
	} else {
		b = append(b, `"announce"`...)
	}
	if r.HasHash {
		b = append(b, `,"info_hash":`...)
		b = AppendID(b, &r.InfoHash)
	}
	b = append(b, `,"failure reason":`...)
	b = AppendText(b, reason)
	return append(b, '}')
}

// AppendText appends s as a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c == '\r':
			b = append(b, '\\', 'r')
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		case c < utf8.RuneSelf:
			b = append(b, c)
		default:
			r, n := utf8.DecodeRuneInString(s[i:])
			b = utf8.AppendRune(b, r)
			i += n
			continue
		}
		i++
	}
	return append(b, '"')
}
