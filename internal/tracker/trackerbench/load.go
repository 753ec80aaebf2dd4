package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

// result counts the responses that came in during a time.
type result struct {
	announces, offers, answers, failures uint64
	time                                 time.Duration
}

func (r result) responses() uint64 { return r.announces + r.offers + r.answers }

// sdp is what Chromium writes for a data channel with three candidates.
const sdp = "v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" +
	"a=extmap-allow-mixed\r\na=msid-semantic: WMS\r\nm=application 51472 UDP/DTLS/SCTP webrtc-datachannel\r\n" +
	"c=IN IP4 203.0.113.17\r\n" +
	"a=candidate:2896278100 1 udp 2113937151 4f2d1f2e-2c3b-44b5-9a54-0f0f4b1a7f0c.local 51472 typ host generation 0 " +
	"network-cost 999\r\n" +
	"a=candidate:842163049 1 udp 1677729535 203.0.113.17 51472 typ srflx raddr 0.0.0.0 rport 0 generation 0 " +
	"network-cost 999\r\n" +
	"a=ice-ufrag:Wq3c\r\na=ice-pwd:5KXh1eBDCvMCHpPXSj4zjfJm\r\na=ice-options:trickle\r\n" +
	"a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:" +
	"19:08\r\na=setup:actpass\r\na=mid:0\r\na=sctp-port:5000\r\na=max-message-size:262144\r\n"

// load connects all peers to the tracker, lets them announce for a while and counts.
func load(ctx context.Context, addr string, o options) (result, error) {
	peers := make([]*peer, o.connections)
	for i := range peers {
		conn, err := connect(ctx, addr)
		if err != nil {
			return result{}, err
		}
		defer conn.Close()
		peers[i] = newPeer(conn, i, o)
	}
	begin := time.Now()
	deadline := begin.Add(o.duration)
	var all sync.WaitGroup
	for _, p := range peers {
		_ = p.conn.SetDeadline(deadline)
		all.Go(p.run)
	}
	all.Wait()
	sum := result{time: time.Since(begin)}
	for _, p := range peers {
		if p.err != nil {
			return sum, p.err
		}
		sum.announces += p.got.announces
		sum.offers += p.got.offers
		sum.answers += p.got.answers
		sum.failures += p.got.failures
	}
	if sum.failures > 0 {
		return sum, fmt.Errorf("%d messages were refused", sum.failures)
	}
	return sum, ctx.Err()
}

func connect(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	conn, br, _, err := ws.Dial(ctx, "ws://"+addr+"/announce")
	if br != nil {
		return nil, errors.New("the tracker speaks before it is asked")
	}
	return conn, err
}

// peer is a connection that announces and answers as fast as the tracker does. It does so with little work, because
// it takes its time from the tracker's: all frames are made and masked beforehand, up to the last words of an answer.
type peer struct {
	conn     net.Conn
	announce []byte // a masked frame
	answer   []byte // the front of one, without its header; masked
	out      []byte
	got      result
	offers   int  // in an announce
	due      int  // answers still to come
	ready    bool // the last announce was answered
	err      error
}

// mask is any but zero, which some servers save themselves the work for.
var mask = [4]byte{0x3a, 0x91, 0x5c, 0xe7}

func newPeer(conn net.Conn, i int, o options) *peer {
	p := &peer{conn: conn, offers: o.offers}
	r := message.Request{Left: 1, NumWant: -1}
	binary.BigEndian.PutUint64(r.InfoHash[4:], uint64(i/o.swarm)*0x9e3779b97f4a7c15+1)
	copy(r.PeerID[:], "-WW0200-")
	binary.BigEndian.PutUint64(r.PeerID[8:], uint64(i)*0x9e3779b97f4a7c15+7)
	for n := range o.offers {
		offer := message.Offer{SDP: message.AppendDescription(nil, "offer", sdp)}
		binary.BigEndian.PutUint64(offer.ID[3:], uint64(i)*0xc2b2ae3d27d4eb4f)
		offer.ID[19] = byte(n)
		r.Offers = append(r.Offers, offer)
	}
	text := message.AppendAnnounce(nil, &r)
	p.announce = append(appendHeader(nil, len(text)), text...)
	ws.Cipher(p.announce[len(p.announce)-len(text):], mask, 0)

	p.answer = append(p.answer, `{"action":"announce","info_hash":`...)
	p.answer = message.AppendID(p.answer, &r.InfoHash)
	p.answer = append(p.answer, `,"peer_id":`...)
	p.answer = message.AppendID(p.answer, &r.PeerID)
	p.answer = append(p.answer, `,"answer":`...)
	p.answer = message.AppendDescription(p.answer, "answer", sdp)
	ws.Cipher(p.answer, mask, 0)
	return p
}

// appendHeader appends the header of a masked text frame.
func appendHeader(b []byte, size int) []byte {
	b = append(b, 0x81)
	if size < 126 {
		b = append(b, 0x80|byte(size))
	} else {
		b = append(b, 0x80|126, byte(size>>8), byte(size))
	}
	return append(b, mask[:]...)
}

// appendAnswer appends the answer to an offer. The identifiers are JSON strings as they came.
func (p *peer) appendAnswer(b, peerID, offerID []byte) []byte {
	const to, offer = `,"to_peer_id":`, `,"offer_id":`
	b = appendHeader(b, len(p.answer)+len(to)+len(peerID)+len(offer)+len(offerID)+1)
	b = append(b, p.answer...)
	tail := len(b)
	b = append(b, to...)
	b = append(b, peerID...)
	b = append(b, offer...)
	b = append(b, offerID...)
	b = append(b, '}')
	ws.Cipher(b[tail:], mask, len(p.answer))
	return b
}

// run announces and answers until the deadline.
func (p *peer) run() {
	err := p.loop()
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		err = nil
	}
	p.err = err
}

func (p *peer) loop() error {
	if _, err := p.conn.Write(p.announce); err != nil {
		return err
	}
	buf := make([]byte, 64<<10)
	start, end := 0, 0
	for {
		runtime.Gosched() // a later read brings more at once, and so does the write that follows it
		n, err := p.conn.Read(buf[end:])
		if err != nil {
			return err
		}
		end += n
		for {
			payload, size := frame(buf[start:end])
			if size == 0 {
				break
			}
			if err := p.take(payload); err != nil {
				return err
			}
			start += size
		}
		end = copy(buf, buf[start:end])
		start = 0
		if len(p.out) > 0 {
			if _, err := p.conn.Write(p.out); err != nil {
				return err
			}
			p.out = p.out[:0]
		}
	}
}

// frame returns the payload and the size of the server's frame at the front of b; size 0: it is not all there.
func frame(b []byte) (payload []byte, size int) {
	if len(b) < 2 {
		return nil, 0
	}
	n, head := int(b[1]), 2
	if n == 126 {
		if len(b) < 4 {
			return nil, 0
		}
		n, head = int(binary.BigEndian.Uint16(b[2:])), 4
	}
	if len(b) < head+n {
		return nil, 0
	}
	return b[head : head+n], head + n
}

// take counts a response and queues what it calls for.
func (p *peer) take(payload []byte) error {
	switch {
	case bytes.Contains(payload, []byte(`"offer":{`)):
		p.got.offers++
		peerID, offerID := value(payload, `"peer_id":"`), value(payload, `"offer_id":"`)
		if peerID == nil || offerID == nil {
			return fmt.Errorf("an offer without identifiers: %q", payload)
		}
		p.out = p.appendAnswer(p.out, peerID, offerID)
	case bytes.Contains(payload, []byte(`"answer":{`)):
		p.got.answers++
		p.due--
	default:
		var r message.Response
		if err := message.ParseResponse(payload, &r); err != nil {
			return err
		}
		if !r.HasCounts {
			p.got.failures++
			break
		}
		p.got.announces++
		p.due += min(p.offers, r.Complete+r.Incomplete-1)
		p.ready = true
	}
	if p.ready && p.due <= p.offers { // never more than the answers to two announces under way
		p.ready = false
		p.out = append(p.out, p.announce...)
	}
	return nil
}

// value returns the JSON string behind key, whose last character is the string's opening quote.
func value(payload []byte, key string) []byte {
	start := bytes.Index(payload, []byte(key))
	if start < 0 {
		return nil
	}
	start += len(key) - 1
	for i := start + 1; i < len(payload); i++ {
		switch payload[i] {
		case '\\':
			i++
		case '"':
			return payload[start : i+1]
		}
	}
	return nil
}
