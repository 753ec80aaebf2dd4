package source

import (
	"bufio"
	"context"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/flv"
)

// ErrFile is what an error of Open wraps if there is no stream at the URL but a file, which has an end and can be read from
// anywhere.
var ErrFile = errors.New("a file and no stream")

// ErrPlaylist is what an error of Open wraps if there is an HLS playlist at the URL.
var ErrPlaylist = errors.New("a playlist and no stream")

// maxHeader bounds the header of an origin's answer, in bytes.
const maxHeader = 64 << 10

// httpStream is an HTTP-FLV stream: the body of an answer that does not end.
type httpStream struct {
	*flv.Reader
	response  *http.Response
	transport *http.Transport
	begun     bool
}

// openHTTP opens an HTTP-FLV stream, which ctx ends.
func openHTTP(ctx context.Context, u *url.URL, o Options) (stream, error) {
	transport := &http.Transport{
		DialContext:            o.Dial,
		TLSClientConfig:        o.TLS.Clone(),
		DisableCompression:     true,
		DisableKeepAlives:      true, // one request a connection: an answer is meant not to end
		MaxResponseHeaderBytes: maxHeader,
	}
	client := &http.Client{
		Transport: transport,
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > max(o.MaxRedirects, 0) {
				return fault.New(fault.SourceInvalid,
					"the origin redirects more than "+strconv.Itoa(max(o.MaxRedirects, 0))+" times; check its configuration")
			}
			if r.URL.Scheme != "http" && r.URL.Scheme != "https" {
				return fault.New(fault.SourceInvalid, "the origin redirects to a URL that is not http or https")
			}
			r.Header.Del("Referer") // it would tell the next host the signature in the first URL
			o.Logger.Debug("source redirected", "host", r.URL.Host)
			return nil
		},
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, fault.New(fault.URLInvalid, "that URL cannot be requested")
	}
	r.Header.Set("User-Agent", "superp2p")
	r.Header.Set("Accept", "*/*")
	response, err := client.Do(r)
	if err != nil {
		transport.CloseIdleConnections()
		var withURL *url.Error // its text holds the whole URL, secrets included
		if errors.As(err, &withURL) {
			err = withURL.Err
		}
		return nil, err
	}
	s := &httpStream{response: response, transport: transport}
	if response.StatusCode != http.StatusOK {
		_ = s.Close()
		return nil, fault.New(fault.SourceRefused, "the origin answered "+strconv.Itoa(response.StatusCode)+" "+
			http.StatusText(response.StatusCode)+"; check the URL, its signature and that the stream is live")
	}
	body := bufio.NewReader(response.Body)
	s.Reader = flv.NewReader(body, o.Limits)
	if isPlaylist(response.Header.Get("Content-Type"), body) {
		_ = s.Close()
		return nil, fault.Wrap(fault.SourceInvalid, "there is an HLS playlist at that URL; play it as one", ErrPlaylist)
	}
	if response.ContentLength > 0 && response.Header.Get("Accept-Ranges") == "bytes" {
		_ = s.Close()
		return nil, fault.Wrap(fault.SourceInvalid, "there is a file at that URL; play it as one", ErrFile)
	}
	return s, nil
}

// isPlaylist tells whether an answer is an HLS playlist, by its type or how it begins (RFC 8216, section 4). It waits for as many
// bytes as any stream begins with.
func isPlaylist(contentType string, body *bufio.Reader) bool {
	kind, _, _ := mime.ParseMediaType(contentType)
	switch kind {
	case "application/vnd.apple.mpegurl", "application/x-mpegurl", "application/mpegurl", "audio/mpegurl", "audio/x-mpegurl":
		return true
	}
	const mark, begin = "\xef\xbb\xbf", "#EXTM3U"
	b, _ := body.Peek(len(mark))
	n := len(begin)
	if string(b) == mark {
		n += len(mark)
	} else if len(b) == 0 || b[0] != begin[0] {
		return false
	}
	b, _ = body.Peek(n)
	return strings.HasSuffix(string(b), begin)
}

func (s *httpStream) ReadTag() (flv.Tag, error) {
	t, err := s.Reader.ReadTag()
	if !s.begun && errors.Is(err, flv.ErrSignature) {
		if kind := s.response.Header.Get("Content-Type"); len(kind) < 64 {
			err = fault.Wrap(fault.SourceInvalid, "the origin sent no FLV but "+strconv.Quote(kind)+"; check the URL", err)
		}
	}
	s.begun = true
	return t, err
}

func (s *httpStream) Close() error {
	err := s.response.Body.Close()
	s.transport.CloseIdleConnections()
	return err
}
