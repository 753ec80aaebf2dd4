package object

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"sync"

	"github.com/superp2p/superp2p/internal/fault"
)

// File is one version of a file at an origin.
type File struct {
	// Meta is what the origin said when the file was opened.
	Meta

	client *Client
	url    string // as given
	head   []byte // the first bytes

	mu      sync.Mutex
	seen    Meta   // Meta, with what it lacked and later answers told
	target  string // where url led last
	ifRange bool   // If-Range is understood
	failed  error  // the file is not what it was: nothing can be read any more
}

// Open asks for the first bytes of the file at rawURL, and keeps them: ReadRange does not ask for them again. Of an origin
// that does not answer ranges, Ranged is false, and the file can be read by Sequential only, unless it fits into the first block.
//
// Errors: fault.URLInvalid, SourceUnreachable, SourceTimeout, SourceBusy for 429 and 5xx that did not go away, SourceRefused for
// other refusals, SourceInvalid, Closed if ctx ended or the client was closed, or the *fault.Error of Options.Dial.
func (c *Client) Open(ctx context.Context, rawURL string) (*File, error) {
	if err := checkURL(rawURL); err != nil {
		return nil, err
	}
	var f *File
	err := c.retry(ctx, func() (int64, error) {
		var err error
		f, err = c.open(ctx, rawURL)
		return 0, err
	})
	if err != nil {
		return nil, err
	}
	f.seen = f.Meta
	return f, nil
}

// Known returns the file at rawURL without a request, for who has heard of it: m is what it must be. Where m has no Size (-1), ETag or
// LastModified, the first answer tells. Its URL is not used; Ranged is taken for true.
//
// Errors: fault.URLInvalid.
func (c *Client) Known(rawURL string, m Meta) (*File, error) {
	if err := checkURL(rawURL); err != nil {
		return nil, err
	}
	m.URL, m.Ranged = rawURL, true
	return &File{Meta: m, client: c, url: rawURL, seen: m, target: rawURL, ifRange: true}, nil
}

func (c *Client) open(ctx context.Context, rawURL string) (*File, error) {
	last := int64(c.options.FirstBlock) - 1
	a, err := c.ask(ctx, request{url: rawURL, ranges: byteRange(0, last)})
	if err != nil {
		return nil, err
	}
	defer a.close()
	f := &File{client: c, url: rawURL, target: a.Request.URL.String(), ifRange: true}
	switch a.StatusCode {
	case http.StatusPartialContent:
		part, err := partOf(a.Response, 0, last)
		if err != nil {
			return nil, err
		}
		if part.size < 0 {
			return nil, fault.New(fault.SourceInvalid, "the origin does not tell how large the file is; check its configuration")
		}
		f.Meta = metaOf(a.Response, part.size)
		f.Ranged = true
		f.head = make([]byte, part.last+1)
		_, err = a.fill(f.head)
		return f, err
	case http.StatusRequestedRangeNotSatisfiable: // the answer to a range of an empty file
		if part, ok := parseContentRange(a.Header.Get("Content-Range")); !ok || part.size != 0 {
			return nil, fault.New(fault.SourceInvalid, "the origin refuses the first bytes of the file; check its configuration")
		}
		f.Meta = metaOf(a.Response, 0)
		f.Ranged = true
		return f, nil
	}
	f.Meta = metaOf(a.Response, a.ContentLength)
	// The whole is coming. Its beginning may be all of it; the rest is not worth its bytes now.
	f.head, err = a.upTo(c.options.FirstBlock)
	if err == io.EOF {
		f.Size = int64(len(f.head))
		return f, nil
	}
	return f, err
}

// ReadRange returns the n bytes from off on; all of them must lie within Size. Ranges of one answer after another are joined only
// while ETag, Last-Modified and size say that the file is the same.
//
// Errors: those of Open; fault.SourceChanged for good when the file is another than was opened, SourceUnranged if the origin does
// not answer ranges, RequestInvalid if the range is not within the file or larger than Options.MaxBody.
func (f *File) ReadRange(ctx context.Context, off int64, n int) ([]byte, error) {
	if n < 0 || n > f.client.options.MaxBody {
		return nil, fault.New(fault.RequestInvalid,
			"a range may have up to "+strconv.Itoa(f.client.options.MaxBody)+" bytes; ask for less at once")
	}
	if off < 0 || f.Size >= 0 && off > f.Size-int64(n) {
		return nil, fault.New(fault.RequestInvalid, "the range is not within the file; ask for bytes that it has")
	}
	b := make([]byte, n)
	if _, err := f.read(ctx, b, off); err != nil {
		return nil, err
	}
	return b, nil
}

// At returns the file as an io.ReaderAt whose reads ctx ends. At the file's end it returns io.EOF.
func (f *File) At(ctx context.Context) io.ReaderAt { return readerAt{ctx, f} }

type readerAt struct {
	ctx context.Context
	f   *File
}

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	f, end := r.f, error(nil)
	if off < 0 {
		return 0, fault.New(fault.RequestInvalid, "the range begins before the file; ask for bytes that it has")
	}
	if f.Size >= 0 {
		if rest := max(f.Size-off, 0); int64(len(p)) > rest {
			p, end = p[:rest], io.EOF
		}
	}
	n, err := f.read(r.ctx, p, off)
	if err != nil {
		return n, err
	}
	return n, end
}

// read fills p and returns how many bytes of it are good.
func (f *File) read(ctx context.Context, p []byte, off int64) (int, error) {
	f.mu.Lock()
	failed := f.failed
	f.mu.Unlock()
	if failed != nil {
		return 0, failed
	}
	n := 0
	if off < int64(len(f.head)) {
		n = copy(p, f.head[off:])
	}
	if n == len(p) {
		return n, nil
	}
	if !f.Ranged {
		return n, unranged()
	}
	err := f.client.retry(ctx, func() (int64, error) {
		got, err := f.readOnce(ctx, p[n:], off+int64(n))
		n += got
		if err == nil && n < len(p) {
			err = &retryable{now: got >= progress, fault: fault.New(fault.SourceInvalid,
				"the origin keeps sending less than it was asked for; check its configuration")}
		}
		return int64(got), err
	})
	return n, err
}

// readOnce makes one request for len(p) bytes at off, and returns how many it got.
func (f *File) readOnce(ctx context.Context, p []byte, off int64) (int, error) {
	f.mu.Lock()
	q := request{url: f.target, ranges: byteRange(off, off+int64(len(p))-1)}
	if f.ifRange {
		q.ifRange = strong(f.seen.ETag)
	}
	f.mu.Unlock()
	a, err := f.client.ask(ctx, q)
	if err != nil {
		return 0, f.lost(q.url, err)
	}
	defer a.close()
	now := metaOf(a.Response, a.ContentLength)
	switch a.StatusCode {
	case http.StatusOK:
		if err := f.check(&now); err != nil {
			return 0, err
		}
		if q.ifRange == "" {
			return 0, unranged()
		}
		// The same file, but whole: the origin may not understand If-Range, or compare ETags in a way of its own.
		f.mu.Lock()
		f.ifRange = false
		f.mu.Unlock()
		return 0, &retryable{fault: unranged(), now: true}
	case http.StatusRequestedRangeNotSatisfiable:
		part, _ := parseContentRange(a.Header.Get("Content-Range"))
		if now.Size = -1; part.first < 0 {
			now.Size = part.size
		}
		if err := f.check(&now); err != nil {
			return 0, err
		}
		return 0, fault.New(fault.SourceInvalid, "the origin refuses a range that the file has; check its configuration")
	}
	part, err := partOf(a.Response, off, off+int64(len(p))-1)
	if err != nil {
		return 0, err
	}
	now.Size = part.size
	if err := f.check(&now); err != nil {
		return 0, err
	}
	f.mu.Lock()
	f.target = now.URL
	f.mu.Unlock()
	return a.fill(p[:part.last-off+1])
}

// lost turns a refusal where a redirect once led into another try at the file's own URL: such places are often signed for
// a short time.
func (f *File) lost(target string, err error) error {
	var again *retryable
	refused, ok := errors.AsType[*fault.Error](err)
	if !ok || !errors.As(err, &again) && refused.Code != fault.SourceRefused {
		return err // it says nothing of the place: the caller gave up, say
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.target == target {
		f.target = f.url
	}
	if again == nil && target != f.url {
		return &retryable{fault: refused, now: true}
	}
	return err
}

// check compares an answer with what the file was, and remembers for good if it differs.
func (f *File) check(now *Meta) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if what := f.seen.differs(now); what != "" {
		f.failed = fault.New(fault.SourceChanged, "the file changed at its origin while it was read ("+what+"); open it again")
		return f.failed
	}
	f.seen.complete(now)
	return nil
}

func unranged() *fault.Error {
	return fault.New(fault.SourceUnranged,
		"the origin does not answer ranges; enable them there (Accept-Ranges), or read the file from its start")
}

func byteRange(first, last int64) string {
	return "bytes=" + strconv.FormatInt(first, 10) + "-" + strconv.FormatInt(last, 10)
}
