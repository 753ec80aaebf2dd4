package rtsp

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/conn"
	"github.com/bluenviron/gortsplib/v5/pkg/headers"

	"github.com/superp2p/superp2p/internal/fault"
)

const (
	// writeTimeout is how long a request may take to leave.
	writeTimeout = 10 * time.Second
	// goodbyeTimeout is how long Close waits for TEARDOWN to leave.
	goodbyeTimeout = 100 * time.Millisecond
	// keepAlive is how often the server gets a sign of life unless its session ends sooner (RFC 2326, 12.37: 60 s).
	keepAlive = 30 * time.Second
	// maxEarly is how many frames may come before the answer to PLAY; further ones are dropped.
	maxEarly = 1024
)

// frame is what came on a channel of the connection.
type frame struct {
	channel int
	payload []byte
}

// session is the connection to a server with the state of requests.
type session struct {
	nc   net.Conn
	in   *remembering
	buf  *bufio.Reader
	conn *conn.Conn
	user *url.Userinfo
	now  func() time.Time

	credentials *auth.Sender
	sequence    int
	id          string
	period      time.Duration // between signs of life
	last        time.Time     // when the last request left
	parameters  bool          // the server knows GET_PARAMETER
	spoken      bool          // the server said something in RTSP
	early       []frame       // what came before the answer to a request

	writing sync.Mutex
	playing *base.URL // what TEARDOWN ends; guarded by writing, like all that write needs
	closed  bool
}

// remembering is a reader that keeps its error, so that it can be told from what a parser finds wrong.
type remembering struct {
	io.Reader
	err error
}

func (r *remembering) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil {
		r.err = err
	}
	return n, err
}

func newSession(nc net.Conn, user *url.Userinfo, now func() time.Time) *session {
	s := &session{nc: nc, in: &remembering{Reader: nc}, user: user, now: now, period: keepAlive, last: now()}
	s.buf = bufio.NewReaderSize(s.in, 64<<10)
	s.conn = conn.NewConn(s.buf, nc)
	return s
}

// read returns the next *base.Response, *base.Request or frame. Its errors are those of the connection or errProtocol.
func (s *session) read() (any, error) {
	if !s.spoken { // the library would skip anything up to the first message
		b, err := s.buf.Peek(len("RTSP/"))
		switch {
		case err != nil && len(b) == 0:
			return nil, err
		case string(b) != "RTSP/":
			return nil, errProtocol
		}
		s.spoken = true
	}
	what, err := s.conn.Read()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, err
	case err != nil && s.in.err != nil:
		return nil, s.in.err
	case err != nil:
		return nil, errProtocol
	}
	if f, ok := what.(*base.InterleavedFrame); ok {
		return frame{f.Channel, f.Payload}, nil
	}
	return what, nil
}

// do makes a request and returns its answer. If the server asks for credentials it gets them, once.
func (s *session) do(method base.Method, u *base.URL, header base.Header) (*base.Response, error) {
	for asked := false; ; asked = true {
		r, err := s.exchange(method, u, header)
		if err != nil || r.StatusCode != base.StatusUnauthorized || asked || s.user == nil {
			return r, err
		}
		password, _ := s.user.Password()
		sender := &auth.Sender{WWWAuth: r.Header["WWW-Authenticate"], User: s.user.Username(), Pass: password}
		if sender.Initialize() != nil {
			return nil, fault.New(fault.SourceRefused, "the server asks for credentials neither by basic nor by digest; change that")
		}
		s.credentials = sender
	}
}

// exchange sends a request and waits for its answer.
func (s *session) exchange(method base.Method, u *base.URL, header base.Header) (*base.Response, error) {
	sequence, err := s.request(method, u, header)
	if err != nil {
		return nil, err
	}
	for {
		what, err := s.read()
		if err != nil {
			return nil, err
		}
		switch what := what.(type) {
		case frame:
			if len(s.early) < maxEarly {
				s.early = append(s.early, what)
			}
		case *base.Request:
			if err := s.answer(what); err != nil {
				return nil, err
			}
		case *base.Response:
			if n := what.Header["CSeq"]; len(n) == 1 && strings.TrimSpace(n[0]) != sequence {
				continue
			}
			return what, s.keep(what)
		}
	}
}

// keep remembers what an answer says of the session.
func (s *session) keep(r *base.Response) error {
	v, ok := r.Header["Session"]
	if !ok {
		return nil
	}
	var h headers.Session
	if h.Unmarshal(v) != nil || len(h.Session) > 1024 {
		return errProtocol
	}
	s.id = h.Session
	if h.Timeout != nil && *h.Timeout > 0 {
		s.period = max(time.Second, min(keepAlive, time.Duration(min(*h.Timeout, 3600))*time.Second-5*time.Second))
	}
	return nil
}

// request sends a request and returns its number.
func (s *session) request(method base.Method, u *base.URL, header base.Header) (string, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return "", net.ErrClosed
	}
	s.last = s.now()
	return s.write(method, u, header, writeTimeout)
}

func (s *session) write(method base.Method, u *base.URL, header base.Header, timeout time.Duration) (string, error) {
	s.sequence++
	sequence := strconv.Itoa(s.sequence)
	r := &base.Request{Method: method, URL: u, Header: base.Header{
		"CSeq": {sequence}, "User-Agent": {"superp2p"},
	}}
	maps.Copy(r.Header, header)
	if s.id != "" {
		r.Header["Session"] = base.HeaderValue{s.id}
	}
	if s.credentials != nil {
		s.credentials.AddAuthorization(r)
	}
	_ = s.nc.SetWriteDeadline(s.now().Add(timeout))
	return sequence, s.conn.WriteRequest(r)
}

// answer answers a request of the server. One that ends the stream is io.EOF.
func (s *session) answer(r *base.Request) error {
	if r.Method == base.Teardown {
		return io.EOF
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	status := base.StatusNotImplemented
	if r.Method == base.Options || r.Method == base.GetParameter {
		status = base.StatusOK
	}
	_ = s.nc.SetWriteDeadline(s.now().Add(writeTimeout))
	return s.conn.WriteResponse(&base.Response{StatusCode: status, Header: base.Header{"CSeq": r.Header["CSeq"]}})
}

// signOfLife tells the server, if it is time, that somebody still watches. Its answer is not waited for: some servers
// do not give one.
func (s *session) signOfLife() error {
	if s.now().Sub(s.last) < s.period {
		return nil
	}
	method := base.Options
	if s.parameters {
		method = base.GetParameter
	}
	_, err := s.request(method, s.playing, nil)
	return err
}

// learn remembers what the answer to OPTIONS says.
func (s *session) learn(r *base.Response) {
	for _, v := range r.Header["Public"] {
		s.parameters = s.parameters || slices.ContainsFunc(strings.Split(v, ","), func(m string) bool {
			return strings.TrimSpace(m) == string(base.GetParameter)
		})
	}
}

// begin remembers what plays.
func (s *session) begin(u *base.URL) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.playing = u
}

// close tells the server that nobody watches any more, and closes the connection. A request that is stuck is not
// waited for.
func (s *session) close() error {
	if s.writing.TryLock() {
		defer s.writing.Unlock()
		if !s.closed && s.playing != nil {
			_, _ = s.write(base.Teardown, s.playing, nil, goodbyeTimeout)
		}
		s.closed = true
	}
	if err := s.nc.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
