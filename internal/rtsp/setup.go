package rtsp

import (
	"strconv"
	"strings"

	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"
	"github.com/bluenviron/gortsplib/v5/pkg/sdp"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// start asks what there is, sets up one video and one audio track, and has them played.
func (c *Client) start(u *base.URL, o DialOptions) error {
	r, err := c.session.do(base.Options, u, nil)
	if err != nil {
		return err
	}
	c.session.learn(r) // whatever it answers: not every server knows OPTIONS
	medias, at, err := c.describe(u)
	if err != nil {
		return err
	}
	if err := c.choose(medias, o); err != nil {
		return err
	}
	for i, t := range c.tracks {
		if err := c.setup(t, at, 2*i); err != nil {
			return err
		}
	}
	return c.play(at)
}

// refused makes a fault of an answer that says no. The server's words are not quoted: they may repeat the URL.
func refused(r *base.Response, request string) error {
	status := strconv.Itoa(int(r.StatusCode))
	switch r.StatusCode {
	case base.StatusUnauthorized:
		return fault.New(fault.SourceRefused, "the server wants other credentials (401); give them as rtsp://user:password@host/path")
	case base.StatusNotFound:
		return fault.New(fault.SourceRefused, "the server knows no such stream (404); check the URL and that the stream is live")
	case base.StatusUnsupportedTransport:
		return fault.New(fault.SourceRefused, "the server does not send RTP within the connection (461); allow RTP over TCP there")
	}
	return fault.New(fault.SourceRefused, "the server answered "+status+" to "+request+"; check the URL and that the stream is live")
}

// describe returns the medias of the stream and the URL that they are relative to.
func (c *Client) describe(u *base.URL) ([]*description.Media, *base.URL, error) {
	r, err := c.session.do(base.Describe, u, base.Header{"Accept": {"application/sdp"}})
	if err != nil {
		return nil, nil, err
	}
	if r.StatusCode >= 300 && r.StatusCode < 400 {
		if to := r.Header["Location"]; len(to) == 1 {
			return nil, nil, &redirect{to[0]}
		}
	}
	if r.StatusCode != base.StatusOK {
		return nil, nil, refused(r, "DESCRIBE")
	}
	var session description.Session
	var text sdp.SessionDescription
	if text.Unmarshal(r.Body) != nil || session.Unmarshal(&text) != nil {
		return nil, nil, fault.New(fault.SourceInvalid, "the server's description of the stream is no valid SDP; check its encoder")
	}
	at := u
	if v, ok := text.Attribute("control"); ok && v != "*" {
		at = resolve(u, v)
	} else if v := r.Header["Content-Base"]; len(v) == 1 {
		at = resolve(u, v[0])
	}
	return session.Medias, at, nil
}

// resolve returns what text means seen from u, u itself if it is no URL. Only text: nothing is dialled by it.
func resolve(u *base.URL, text string) *base.URL {
	if strings.HasPrefix(text, "/") {
		text = u.Scheme + "://" + u.Host + text
	}
	v, err := base.ParseURL(text)
	if err != nil {
		return u
	}
	return v.CloneWithoutCredentials()
}

// choose takes the first video and the first audio that there is a conversion for.
func (c *Client) choose(medias []*description.Media, o DialOptions) error {
	var others []string
	var video, audio *flv.Tag
	for _, m := range medias {
		if m.IsBackChannel {
			continue
		}
		for _, f := range m.Formats {
			t := newTrack(f, o.Limits.MaxTag)
			switch {
			case t == nil:
				name, _, _ := strings.Cut(f.RTPMap(), "/")
				if name == "" {
					name = "payload type " + strconv.Itoa(int(f.PayloadType()))
				}
				if name = strconv.QuoteToASCII(name); len(name) < 40 && len(others) < 8 {
					others = append(others, name)
				}
				c.log.Warn("a track of the RTSP source is left out: there is no conversion for it", "codec", name)
				continue
			case t.video && video == nil:
				video = t.announce
			case !t.video && audio == nil:
				audio = t.announce
			default:
				c.log.Info("a further track of the RTSP source is left out", "codec", t.name)
				continue
			}
			t.media = m
			c.tracks = append(c.tracks, t)
			break // the other formats of a media are alternatives
		}
	}
	if len(c.tracks) == 0 {
		message := "the server offers neither H.264 nor H.265 nor AAC"
		if len(others) > 0 {
			message += ", but " + strings.Join(others, ", ")
		}
		return fault.New(fault.SourceInvalid, message+"; set its encoder to one of those")
	}
	for _, t := range c.tracks {
		t.line = c.line.add(t.rate, t.video)
	}
	c.pending = []flv.Tag{{Type: flv.Script, Body: flv.CompleteMetadata(nil, video, audio)}}
	return nil
}

// setup asks for a track on a channel of the connection, and the next for its RTCP.
func (c *Client) setup(t *track, at *base.URL, channel int) error {
	u, err := t.media.URL(at)
	if err != nil || u == nil {
		return fault.New(fault.SourceInvalid, "the server's description of the stream holds a control that is no URL; check its encoder")
	}
	t.url = u.CloneWithoutCredentials()
	unicast := headers.TransportDeliveryUnicast
	r, err := c.session.do(base.Setup, t.url, base.Header{"Transport": headers.Transport{
		Profile: headers.TransportProfileAVP, Protocol: headers.TransportProtocolTCP,
		Delivery: &unicast, InterleavedIDs: &[2]int{channel, channel + 1},
	}.Marshal()})
	if err != nil {
		return err
	}
	if r.StatusCode != base.StatusOK {
		return refused(r, "SETUP")
	}
	var h headers.Transport
	if h.Unmarshal(r.Header["Transport"]) != nil || h.Protocol != headers.TransportProtocolTCP {
		return fault.New(fault.SourceRefused, "the server does not send RTP within the connection; allow RTP over TCP there")
	}
	t.channel = channel
	if ids := h.InterleavedIDs; ids != nil { // the server may choose others
		if ids[0] < 0 || ids[0] > 254 || ids[1] != ids[0]+1 {
			return errProtocol
		}
		t.channel = ids[0]
	}
	for _, other := range c.tracks {
		if other != t && other.url != nil && max(other.channel, t.channel)-min(other.channel, t.channel) < 2 {
			return errProtocol
		}
	}
	return nil
}

// play starts the stream and learns where each track starts.
func (c *Client) play(u *base.URL) error {
	r, err := c.session.do(base.Play, u, base.Header{
		"Range": headers.Range{Value: &headers.RangeNPT{}}.Marshal(), // some servers insist on one
	})
	if err != nil {
		return err
	}
	if r.StatusCode != base.StatusOK {
		return refused(r, "PLAY")
	}
	c.session.begin(u)
	var info headers.RTPInfo
	if info.Unmarshal(r.Header["RTP-Info"]) != nil {
		return nil //nolint:nilerr // not every server gives one
	}
	for _, t := range c.tracks {
		for _, e := range info {
			if e.URL == t.url.String() || t.media.Control != "" && strings.HasSuffix(e.URL, "/"+t.media.Control) {
				t.line.origin = e.Timestamp
			}
		}
	}
	return nil
}
