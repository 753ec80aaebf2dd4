package rtmp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/bluenviron/gortmplib/pkg/amf0"
	"github.com/bluenviron/gortmplib/pkg/handshake"

	"github.com/superp2p/superp2p/internal/fault"
)

// session is one client of a Server.
type session struct {
	server  *Server
	conn    *conn
	request Request // App, Remote and Agent are known after connect
	appArgs url.Values
	streams uint32 // how many were created
}

// errLeft means that the client said that it is done.
var errLeft = errors.New("rtmp: the client left")

func (s *Server) serve(nc net.Conn) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	defer func() { _ = nc.Close() }()
	stop := closeWith(ctx, nc)
	defer stop()
	tooLate := time.AfterFunc(s.StartTimeout, func() { _ = nc.Close() })
	defer tooLate.Stop()
	// The first byte is the version: 3 is plain RTMP. 6 is RTMPE, which protects nobody.
	first := &version{Conn: nc}
	if _, _, err := handshake.DoServer(first, false); err != nil {
		return
	}
	c := newConn(nc)
	x := &session{server: s, conn: c, request: Request{Remote: nc.RemoteAddr()}}
	if err := x.run(ctx, tooLate); err != nil && !errors.Is(err, io.EOF) {
		s.Logger.Debug("RTMP connection ended", "remote", nc.RemoteAddr(), "error", err)
	}
}

// version refuses a client whose first byte is not the version of plain RTMP.
type version struct {
	net.Conn
	checked bool
}

func (v *version) Read(p []byte) (int, error) {
	n, err := v.Conn.Read(p)
	if n > 0 && !v.checked {
		if v.checked = true; p[0] != 3 {
			return 0, errProtocol
		}
	}
	return n, err
}

// run answers commands until the client publishes or plays, and then does that.
func (x *session) run(ctx context.Context, tooLate *time.Timer) error {
	connected := false
	for {
		m, err := x.conn.read()
		if err != nil {
			return err
		}
		r, ok := parseCommand(&m)
		if !ok {
			continue
		}
		switch {
		case r.name == "connect" && !connected:
			connected, err = true, x.connect(&r)
		case !connected:
			err = errProtocol
		case r.name == "createStream":
			x.streams++
			err = x.conn.send(0, "_result", r.id, nil, float64(x.streams))
		case r.name == "publish":
			return x.publish(ctx, tooLate, &r, m.stream)
		case r.name == "play":
			return x.play(ctx, tooLate, &r, m.stream)
		}
		if err != nil {
			return err
		}
	}
}

func (x *session) connect(r *command) error {
	o := r.object(0)
	app, _ := o.GetString("app")
	x.request.Agent, _ = o.GetString("flashVer")
	x.request.App, x.appArgs = splitQuery(app)
	if err := x.conn.begin(); err != nil {
		return err
	}
	return x.conn.send(0, "_result", r.id,
		amf0.Object{
			{Key: "fmsVer", Value: "FMS/3,5,7,7009"}, {Key: "capabilities", Value: 31.0}, {Key: "mode", Value: 1.0},
		},
		amf0.Object{
			{Key: "level", Value: "status"},
			{Key: "code", Value: "NetConnection.Connect.Success"},
			{Key: "description", Value: "Connection succeeded."},
			{Key: "objectEncoding", Value: 0.0},
			// Bodies are passed on whatever is in them, so every codec is welcome (enhanced RTMP).
			{Key: "fourCcInfoMap", Value: amf0.Object{{Key: "*", Value: 4.0}}},
			{Key: "capsEx", Value: float64(2 | 4)},
		})
}

// splitQuery cuts the query off an application or a stream's name.
func splitQuery(s string) (string, url.Values) {
	path, query, _ := strings.Cut(s, "?")
	values, _ := url.ParseQuery(query) // what cannot be read is left out; a key in it is then missing
	return strings.Trim(path, "/"), values
}

// name fills in the request what the client wants to publish or play. Some clients give the application's path whole,
// with the name in it, and no name.
func (x *session) name(r *command) {
	name, values := splitQuery(r.text(1))
	if at := strings.LastIndexByte(x.request.App, '/'); name == "" && at >= 0 {
		x.request.App, name = x.request.App[:at], x.request.App[at+1:]
	}
	x.request.Name = name
	for key, v := range x.appArgs {
		if _, ok := values[key]; !ok {
			values[key] = v
		}
	}
	x.request.Query = values
}

func (x *session) publish(ctx context.Context, tooLate *time.Timer, r *command, stream uint32) error {
	s, c := x.server, x.conn
	x.name(r)
	key := x.request.App + "/" + x.request.Name
	out, err := x.accept(ctx, key)
	if err != nil {
		code := "NetStream.Publish.Denied"
		if fault.CodeOf(err) == fault.StreamBusy {
			code = "NetStream.Publish.BadName"
		}
		s.Logger.Info("publisher refused", "name", key, "remote", x.request.Remote, "error", err)
		return x.refuse(tooLate, stream, code, err)
	}
	defer s.release(key)
	if !tooLate.Stop() {
		err = errProtocol
	} else if err = c.status(stream, "status", "NetStream.Publish.Start", "publishing "+key); err == nil {
		s.Logger.Info("publisher started", "name", key, "remote", x.request.Remote, "agent", x.request.Agent)
		c.idle = s.IdleTimeout
		if err = c.in.accept(s.maxMessage()); err == nil {
			err = x.receive(out)
		}
	}
	s.Logger.Info("publisher ended", "name", key, "error", err)
	if errors.Is(err, errLeft) {
		out.Close(nil)
		return nil
	}
	out.Close(err)
	return err
}

func (s *Server) maxMessage() int {
	if s.Limits.MaxTag > 0 {
		return s.Limits.MaxTag
	}
	return 8 << 20
}

// accept asks whether the client may publish.
func (x *session) accept(ctx context.Context, key string) (Publication, error) {
	s := x.server
	if s.OnPublish == nil {
		return nil, fault.New(fault.PublishDenied, "publishing is off on this server")
	}
	if x.request.Name == "" {
		return nil, fault.New(fault.PublishDenied, "the URL names no stream; publish to rtmp://host/app/name")
	}
	if err := s.claim(key); err != nil {
		return nil, err
	}
	out, err := s.OnPublish(ctx, x.request)
	if err != nil {
		s.release(key)
		return nil, err
	}
	return out, nil
}

// refuse tells the client no, and waits a little for it to hang up, so that what was said is not lost in a reset.
func (x *session) refuse(tooLate *time.Timer, stream uint32, code string, cause error) error {
	var f *fault.Error
	description := "refused"
	if errors.As(cause, &f) {
		description = f.Message
	}
	if err := x.conn.status(stream, "error", code, description); err != nil {
		return err
	}
	tooLate.Reset(min(x.server.StartTimeout, time.Second))
	for {
		if _, err := x.conn.read(); err != nil {
			return cause
		}
	}
}

// receive hands on what the publisher sends until it leaves.
func (x *session) receive(out Publication) error {
	for {
		m, err := x.conn.read()
		if err != nil {
			return noEOF(err)
		}
		for _, t := range m.tags(x.server.Limits) {
			if err := out.WriteTag(t); err != nil {
				return err
			}
		}
		if r, ok := parseCommand(&m); ok {
			switch r.name {
			case "deleteStream", "closeStream", "FCUnpublish":
				return errLeft
			}
		}
	}
}

func (x *session) play(ctx context.Context, tooLate *time.Timer, r *command, stream uint32) error {
	s, c := x.server, x.conn
	x.name(r)
	var in Playback
	err := error(fault.New(fault.ChannelUnknown, "this server plays nothing by RTMP"))
	if s.OnPlay != nil {
		in, err = s.OnPlay(ctx, x.request)
	}
	if err != nil {
		return x.refuse(tooLate, stream, "NetStream.Play.StreamNotFound", err)
	}
	tooLate.Stop()
	done := make(chan struct{})
	go func() { // the client's side: pings, and that it leaves
		defer close(done)
		defer func() { _ = in.Close() }()
		for {
			m, err := c.read()
			if err != nil {
				return
			}
			if r, ok := parseCommand(&m); ok && (r.name == "deleteStream" || r.name == "closeStream") {
				return
			}
		}
	}()
	err = x.send(in, stream)
	c.finish()
	<-done
	return err
}

// send plays to the client until the stream ends.
func (x *session) send(in Playback, stream uint32) error {
	c := x.conn
	begin := []byte{0, 0, byte(stream >> 24), byte(stream >> 16), byte(stream >> 8), byte(stream)} // StreamBegin, 7.1.7
	if err := c.write(onControl, &message{typ: typeUserControl, body: begin}); err != nil {
		return err
	}
	for _, code := range []string{"NetStream.Play.Reset", "NetStream.Play.Start"} {
		if err := c.status(stream, "status", code, x.request.Name); err != nil {
			return err
		}
	}
	for {
		t, err := in.ReadTag()
		if err != nil {
			_ = c.status(stream, "status", "NetStream.Play.UnpublishNotify", "the stream ended")
			_ = c.status(stream, "status", "NetStream.Play.Stop", "the stream ended")
			return err
		}
		if err := c.writeTag(stream, &t); err != nil {
			return err
		}
	}
}
