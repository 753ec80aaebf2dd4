package superp2p

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/amf"
	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
	"github.com/superp2p/superp2p/internal/rtmp"
)

// NetStreamFailed says that something went wrong that has no code of its own, as in flash.events.NetStatusEvent: of a
// stream that is published, that the server cannot be reached or is gone.
const NetStreamFailed = "NetStream.Failed"

const (
	// publishApp is the application of a stream whose name does not say one.
	publishApp = "live"
	// publishPort is where a server takes streams that does not say where.
	publishPort = "1935"
	// publishIdle is how long nothing may be written before Publish.Idle is told.
	publishIdle = 10 * time.Second
	// publishLead is how much of a stream may be sent ahead of its time.
	publishLead = time.Second
	// publishJump is how far timestamps jump ahead when a stream begins anew, or by how much it is late when it stood still.
	publishJump = 10 * time.Second
)

// publishing is one stream on its way to the server by RTMP, from Publish until it is stopped or fails.
//
// Its events come in this order: Publish.Start, then Publish.Idle each time when nothing was written for 10 s, and at
// the end Unpublish.Success if it was stopped, else NetStream.Failed. One that cannot start tells only BadName (the name
// is taken, or the key is wrong) or NetStream.Failed.
type publishing struct {
	tell   func(code, level, description string, err error)
	idle   time.Duration
	paced  bool
	ctx    context.Context // ends with stop, or with the connection
	cancel context.CancelFunc
	ready  chan struct{}
	over   chan struct{} // the last event was told
	wrote  chan struct{} // has room for one: something was written

	pub *rtmp.Publisher // nil if it did not start; like err set before ready is closed
	err error

	mu     sync.Mutex // of writers
	rest   []byte     // FLV bytes that are no whole tag yet
	headed bool       // the file header is behind us
	pace   pacer
	now    uint32 // the timestamp of the last tag
}

// publishTarget returns the URL by which name is published at the server.
func publishTarget(ctx context.Context, c *Config, base, name string) (string, error) {
	if strings.HasPrefix(name, "rtmp://") || strings.HasPrefix(name, "rtmps://") {
		return name, nil
	}
	path, query, _ := strings.Cut(strings.TrimPrefix(name, "/"), "?")
	if query != "" {
		query = "?" + query
	}
	if base != "" {
		u, err := url.Parse(base)
		if err != nil || u.Host == "" || u.Scheme != "rtmp" && u.Scheme != "rtmps" {
			return "", fault.New(fault.URLInvalid, "PublishURL is no rtmp or rtmps URL; give one like rtmp://host/live")
		}
		if query == "" && u.RawQuery != "" {
			query = "?" + u.RawQuery
		}
		if strings.Trim(u.Path, "/") == "" && !strings.Contains(path, "/") {
			path = publishApp + "/" + path
		}
		u.RawQuery, u.Fragment = "", ""
		return strings.TrimSuffix(u.String(), "/") + "/" + path + query, nil
	}
	u, err := url.Parse(c.server())
	if err != nil || u.Hostname() == "" {
		return "", fault.New(fault.URLInvalid, "the server's address is no http or https URL; give one such as "+DefaultServer)
	}
	if !strings.Contains(path, "/") {
		path = publishApp + "/" + path
	}
	return "rtmp://" + net.JoinHostPort(u.Hostname(), rtmpPort(ctx, c, u)) + "/" + path + query, nil
}

// rtmpPort asks the server where it takes streams. Who says nothing has the usual port, or refuses there.
func rtmpPort(ctx context.Context, c *Config, server *url.URL) string {
	client := c.HTTPClient
	if client == nil {
		transport := &http.Transport{Proxy: http.ProxyFromEnvironment}
		defer transport.CloseIdleConnections()
		client = &http.Client{Transport: transport}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.JoinPath(edgeapi.StatusPath).String(), http.NoBody)
	if err != nil {
		return publishPort
	}
	answer, err := client.Do(r)
	if err != nil {
		return publishPort
	}
	defer func() { _ = answer.Body.Close() }()
	var status edgeapi.Status
	const maxStatus = 16 << 20 // it lists all streams
	if json.NewDecoder(io.LimitReader(answer.Body, maxStatus)).Decode(&status) != nil || status.RTMP <= 0 || status.RTMP > 65535 {
		return publishPort
	}
	return strconv.Itoa(status.RTMP)
}

// checkPublish tells what of the arguments of Publish cannot be right.
func checkPublish(name, kind string) error {
	switch kind {
	case "", "live":
	case "record", "append", "appendWithGap":
		return fault.New(fault.RequestInvalid, "the server records nothing; publish as «live», and record what a second stream plays")
	default:
		return fault.New(fault.RequestInvalid, "the kind of publishing is unknown; give «live»")
	}
	switch {
	case strings.Trim(name, "/ ") == "" || strings.HasPrefix(name, "?"):
		return fault.New(fault.URLInvalid, "there is no name to publish under; give one like live/test?key=KEY")
	case len(name) > 8<<10:
		return fault.New(fault.URLInvalid, "the name is longer than 8 KiB; give a shorter one")
	}
	return nil
}

// publish starts to publish. The arguments were checked. It must be stopped.
func publish(c *Config, base, name string, tell func(code, level, description string, err error)) *publishing {
	p := newPublishing(c, tell)
	p.start(c, base, name)
	return p
}

func newPublishing(c *Config, tell func(code, level, description string, err error)) *publishing {
	p := &publishing{
		tell: tell, idle: publishIdle, paced: !c.Unpaced,
		ready: make(chan struct{}), over: make(chan struct{}), wrote: make(chan struct{}, 1),
	}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

func (p *publishing) start(c *Config, base, name string) {
	limit := c.startTimeout(&PlayConfig{})
	go func() {
		defer close(p.over)
		p.open(c, base, name, limit)
		close(p.ready)
		p.watch()
	}()
}

func (p *publishing) open(c *Config, base, name string, limit time.Duration) {
	ctx, cancel := context.WithTimeout(p.ctx, limit)
	defer cancel()
	target, err := publishTarget(ctx, c, base, name)
	if err == nil {
		p.pub, err = rtmp.Publish(ctx, target, rtmp.DialOptions{})
	}
	if CodeOf(err) == fault.SourceUnreachable {
		err = fault.Wrap(fault.ServerUnreachable, "the server takes no streams by RTMP; check that it runs and its rtmp port is on, or say with PublishURL where it is", err)
	}
	p.err = err
}

// watch tells how it goes until the end.
func (p *publishing) watch() {
	if p.err != nil {
		if p.ctx.Err() == nil {
			p.fail(p.err)
		}
		return
	}
	p.tell(NetStreamPublishStart, levelStatus, "", nil)
	idle := time.NewTimer(p.idle)
	defer idle.Stop()
	for {
		select {
		case <-p.ctx.Done():
			_ = p.pub.Close()
			p.tell(NetStreamUnpublishSuccess, levelStatus, "", nil)
			return
		case <-p.pub.Done():
			if p.ctx.Err() != nil {
				continue
			}
			p.fail(p.ended())
			_ = p.pub.Close()
			return
		case <-p.wrote:
			idle.Reset(p.idle)
		case <-idle.C:
			p.tell(NetStreamPublishIdle, levelStatus, "nothing was written for "+p.idle.String(), nil)
		}
	}
}

// ended is what a connection that the server ended failed with.
func (p *publishing) ended() error {
	err := p.pub.Err()
	if code := CodeOf(err); code == "" || code == fault.Internal {
		err = fault.Wrap(fault.ServerUnreachable, "the server has gone; publish again", err)
	}
	return err
}

// fail tells the one error of a stream that is published.
func (p *publishing) fail(err error) {
	code := NetStreamFailed
	switch CodeOf(err) {
	case fault.StreamBusy, fault.PublishDenied:
		code = NetStreamPublishBadName
	}
	p.tell(code, levelError, sentence(err), err)
}

// sentence is what an error says, without its code.
func sentence(err error) string {
	return strings.TrimPrefix(err.Error(), string(CodeOf(err))+": ")
}

// stop ends it and returns when the server was told and the last event has been.
func (p *publishing) stop() {
	p.cancel()
	<-p.over
}

// started waits until the server has said that it may go on, and returns why not.
func (p *publishing) started() error {
	<-p.ready
	switch {
	case p.ctx.Err() != nil:
		return fault.New(fault.Closed, "it was closed meanwhile; publish again")
	case p.err != nil:
		return p.err
	}
	return nil
}

// Write publishes FLV bytes, a file's or a stream's: a file header, then tags; they may be cut anywhere. It waits until
// the stream is published, and, unless Config.Unpaced, until it is the bytes' time by their timestamps. Bytes that are no
// FLV are refused with source_invalid, and so is all that follows.
func (p *publishing) Write(b []byte) (int, error) {
	if err := p.started(); err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rest = append(p.rest, b...)
	at := 0
	defer func() { p.rest = append(p.rest[:0], p.rest[at:]...) }()
	if !p.headed {
		if len(p.rest) < flv.HeaderSize {
			return len(b), nil
		}
		if _, err := flv.NewReader(strings.NewReader(string(p.rest[:flv.HeaderSize])), flv.Limits{}).ReadTag(); err != io.EOF {
			return 0, fault.Wrap(fault.SourceInvalid, "what is written is no FLV; begin with the header of an FLV file", err)
		}
		p.headed, at = true, flv.HeaderSize
	}
	for at < len(p.rest) {
		tag, size, err := flv.ParseTag(p.rest[at:], flv.Limits{})
		if err == flv.ErrShort { //nolint:errorlint // it is returned as it is
			break
		}
		if err != nil {
			return 0, fault.Wrap(fault.SourceInvalid, "what is written is no FLV or damaged; publish again from a tag on", err)
		}
		if err = p.send(tag); err != nil {
			return 0, err
		}
		at += size
	}
	return len(b), nil
}

// writeTag publishes one tag, as Write does. The body is not kept.
func (p *publishing) writeTag(t flv.Tag) error {
	if err := p.started(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.send(t)
}

// call publishes script data with the timestamp of the last tag.
func (p *publishing) call(handler string, args ...any) error {
	body, err := amf.Encode(handler, args...)
	if err != nil {
		return err
	}
	if err = p.started(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.send(flv.Tag{Type: flv.Script, Timestamp: p.now, Body: body})
}

// send sends a tag when its time has come; p.mu is held.
func (p *publishing) send(t flv.Tag) error {
	if len(t.Body) > flv.DefaultMaxTag {
		return fault.New(fault.RequestInvalid, "a tag is larger than 8 MiB, which no server takes; make it smaller")
	}
	if p.paced {
		if wait := p.pace.wait(time.Now(), t.Timestamp); wait > 0 && !p.sleep(wait) {
			return p.gone(nil)
		}
	}
	p.now = t.Timestamp
	select {
	case p.wrote <- struct{}{}:
	default:
	}
	if err := p.pub.WriteTag(t); err != nil {
		return p.gone(err)
	}
	return nil
}

// sleep waits, and returns false if the stream ends meanwhile.
func (p *publishing) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-p.ctx.Done():
	case <-p.pub.Done():
	}
	return false
}

// gone is what a writer gets after the end.
func (p *publishing) gone(err error) error {
	if p.ctx.Err() != nil {
		return fault.New(fault.Closed, "it was closed meanwhile; publish again")
	}
	<-p.pub.Done() // soon, for a write that fails ends the connection, and then it is known why
	if CodeOf(p.pub.Err()) != fault.Internal || err == nil {
		return p.ended()
	}
	return fault.Wrap(fault.ServerUnreachable, "the server has gone; publish again", err)
}

// pacer says when the tags of a recording are due, as if it were recorded now.
type pacer struct {
	begun bool
	due   time.Time // of the last tag
	last  uint32    // its timestamp
}

// wait returns for how long a tag is to wait. A source that is live itself never has to.
func (c *pacer) wait(now time.Time, timestamp uint32) time.Duration {
	step := time.Duration(int32(timestamp-c.last)) * time.Millisecond
	c.last, c.due = timestamp, c.due.Add(step)
	if !c.begun || step < -publishLead || step > publishJump || now.Sub(c.due) > publishJump { // anew, or it stood still
		c.begun, c.due = true, now
	}
	return c.due.Add(-publishLead).Sub(now)
}
