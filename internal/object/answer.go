package object

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

// Meta is what an origin said of an object.
type Meta struct {
	// URL is where it was found after redirects. It may hold secrets: not for logs.
	URL string
	// Size is in bytes, -1 if the origin did not tell.
	Size int64
	// ETag is as it came, with quotes and W/ if it is weak; "" if there was none.
	ETag string
	// LastModified is zero if there was none, or none that is a date.
	LastModified time.Time
	// ContentType is as it came.
	ContentType string
	// Ranged tells whether the origin answers ranges.
	Ranged bool
}

func metaOf(r *http.Response, size int64) Meta {
	m := Meta{URL: r.Request.URL.String(), Size: size, ETag: r.Header.Get("ETag"), ContentType: r.Header.Get("Content-Type")}
	m.LastModified, _ = http.ParseTime(r.Header.Get("Last-Modified"))
	return m
}

// strong returns the ETag if it changes with every byte (RFC 9110, section 8.8.1), else "".
func strong(etag string) string {
	if len(etag) < 2 || etag[0] != '"' || len(etag) > 256 {
		return ""
	}
	return etag
}

// differs says what tells that b is of another version than a; "" if nothing does. What one of them lacks tells nothing. Where
// both have the same strong ETag, the bytes are the same, whatever the date: servers of one CDN often differ in it.
func (m *Meta) differs(b *Meta) string {
	switch weak := func(s string) string { return strings.TrimPrefix(s, "W/") }; {
	case m.Size >= 0 && b.Size >= 0 && m.Size != b.Size:
		return "size"
	case m.ETag != "" && b.ETag != "" && weak(m.ETag) != weak(b.ETag):
		return "ETag"
	case strong(m.ETag) != "" && m.ETag == b.ETag:
		return ""
	case !m.LastModified.IsZero() && !b.LastModified.IsZero() && !m.LastModified.Equal(b.LastModified):
		return "Last-Modified"
	}
	return ""
}

// complete fills in what b tells and m does not.
func (m *Meta) complete(b *Meta) {
	if m.Size < 0 {
		m.Size = b.Size
	}
	if m.ETag == "" {
		m.ETag = b.ETag
	}
	if m.LastModified.IsZero() {
		m.LastModified = b.LastModified
	}
}

// checkAnswer refuses an answer that is of no use, whatever was asked.
func (c *Client) checkAnswer(r *http.Response) error {
	status := "the origin answered " + strconv.Itoa(r.StatusCode)
	if text := http.StatusText(r.StatusCode); text != "" {
		status += " " + text
	}
	switch code := r.StatusCode; {
	case code == http.StatusRequestedRangeNotSatisfiable:
		return nil
	case code == http.StatusOK || code == http.StatusPartialContent:
	case code == http.StatusTooManyRequests, code == http.StatusRequestTimeout, code == http.StatusTooEarly,
		code >= 500 && code != http.StatusNotImplemented && code != http.StatusHTTPVersionNotSupported:
		return &retryable{
			fault: fault.New(fault.SourceBusy, status+"; try again later, or ask its operator"),
			after: c.retryAfter(r.Header),
		}
	case code >= 400:
		return fault.New(fault.SourceRefused, status+"; check the URL, its signature and that the file is there")
	default:
		return fault.New(fault.SourceInvalid, status+", which is no file; check the URL")
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return fault.New(fault.SourceInvalid, "the origin compresses although it was asked not to; switch that off for media files")
	}
	if r.StatusCode == http.StatusPartialContent &&
		strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Type"))), "multipart/") {
		return fault.New(fault.SourceInvalid, "the origin answered one range in several parts; check its configuration")
	}
	return nil
}

// contentRange is the header of that name: the bytes first to last of size, which is -1 if unknown. For 416, first is -1.
type contentRange struct{ first, last, size int64 }

// parseContentRange reads a Content-Range (RFC 9110, section 14.4).
func parseContentRange(s string) (contentRange, bool) {
	unit, s, _ := strings.Cut(strings.TrimSpace(s), " ")
	if !strings.EqualFold(unit, "bytes") {
		return contentRange{}, false
	}
	span, total, ok := strings.Cut(strings.TrimSpace(s), "/")
	if !ok {
		return contentRange{}, false
	}
	r := contentRange{size: -1}
	if total != "*" {
		if r.size, ok = parsePosition(total); !ok {
			return contentRange{}, false
		}
	}
	if span == "*" {
		r.first, r.last = -1, -1
		return r, r.size >= 0
	}
	first, last, _ := strings.Cut(span, "-")
	if r.first, ok = parsePosition(first); !ok {
		return contentRange{}, false
	}
	if r.last, ok = parsePosition(last); !ok || r.last < r.first || r.size >= 0 && r.last >= r.size {
		return contentRange{}, false
	}
	return r, true
}

// parsePosition reads digits and nothing else; strconv alone would take signs.
func parsePosition(s string) (int64, bool) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 63)
	return n, err == nil
}

// partOf returns the range of a 206 answer to a request for the bytes from first to last.
func partOf(r *http.Response, first, last int64) (contentRange, error) {
	part, ok := parseContentRange(r.Header.Get("Content-Range"))
	switch {
	case !ok || part.first < 0:
		return part, fault.New(fault.SourceInvalid, "the origin's Content-Range is missing or nonsense; check its configuration")
	case part.first != first || part.last > last:
		return part, fault.New(fault.SourceInvalid, "the origin sent another range than it was asked for; check its configuration")
	case r.ContentLength >= 0 && r.ContentLength != part.last-part.first+1:
		return part, fault.New(fault.SourceInvalid, "the origin's Content-Length and Content-Range differ; check its configuration")
	}
	return part, nil
}
