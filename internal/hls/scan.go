package hls

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
)

// line is one tag or URI of a playlist.
type line struct {
	number     int
	tag        string // with its #, up to the colon; "" for a URI
	value      string // what stands after the colon, or the URI with variables put in
	attributes attributes
	references []found
}

// found is a reference and where it stands in the playlist, quotes included.
type found struct {
	Reference
	start, end int
	quote      bool // it is an attribute's value
}

// url returns the absolute URL of the line's only reference, "" if there is none.
func (l *line) url() string {
	if len(l.references) == 0 {
		return ""
	}
	return l.references[0].URL
}

// scanner goes through a playlist's lines. It is what Parse and Rewrite share.
type scanner struct {
	b        []byte
	at       int
	number   int
	base     *url.URL
	limits   Limits
	defines  definitions
	expanded int  // bytes of texts that variables were put in
	variant  bool // the next URI is a variant's
}

var byteOrderMark = []byte("\xef\xbb\xbf") // read only

// newScanner checks size and first line.
func newScanner(b []byte, base *url.URL, o Options) (*scanner, error) {
	s := &scanner{b: b, base: base, limits: o.Limits.withDefaults()}
	if len(b) > s.limits.MaxBytes {
		return nil, invalid(ErrTooLarge, 0, "has "+strconv.Itoa(len(b))+" bytes, and "+strconv.Itoa(s.limits.MaxBytes)+
			" are allowed; check the URL, or raise the limit")
	}
	s.defines = definitions{imported: o.Variables, base: base}
	if bytes.HasPrefix(b, byteOrderMark) {
		s.at = len(byteOrderMark)
	}
	rest := b[s.at:]
	head := []byte(tagHeader)
	// Blanks and more may follow it, as lists of television channels have it.
	if !bytes.HasPrefix(rest, head) || len(rest) > len(head) && !isBlank(rest[len(head)]) &&
		rest[len(head)] != '\n' && rest[len(head)] != '\r' {
		return nil, invalid(ErrNoPlaylist, 0, "is none: "+looksLike(b)+"; check that the URL leads to an .m3u8")
	}
	return s, nil
}

// looksLike says in a few words what stands where a playlist should.
func looksLike(b []byte) string {
	b = bytes.TrimSpace(bytes.TrimPrefix(b, byteOrderMark))
	switch {
	case len(b) == 0:
		return "it is empty"
	case b[0] == '<':
		return "it looks like a page or XML"
	case b[0] == '{' || b[0] == '[':
		return "it looks like JSON"
	case b[0] == 0x47 || len(b) > 8 && bytes.Equal(b[4:8], []byte("ftyp")):
		return "it looks like media"
	}
	return "it does not begin with #EXTM3U"
}

// next returns the next tag or URI; false at the end. Comments and empty lines are left out.
func (s *scanner) next() (line, bool, error) {
	for s.at < len(s.b) {
		begin := s.at
		length := bytes.IndexByte(s.b[begin:], '\n')
		if length < 0 {
			length = len(s.b) - begin
			s.at = len(s.b)
		} else {
			s.at = begin + length + 1
		}
		s.number++
		if length > s.limits.MaxLine {
			return line{}, false, invalid(ErrTooLarge, s.number, "has "+strconv.Itoa(length)+" bytes, and "+
				strconv.Itoa(s.limits.MaxLine)+" are allowed; check the URL, or raise the limit")
		}
		raw := s.b[begin : begin+length]
		for len(raw) > 0 && isSpace(raw[0]) {
			raw, begin = raw[1:], begin+1
		}
		for len(raw) > 0 && isSpace(raw[len(raw)-1]) {
			raw = raw[:len(raw)-1]
		}
		for _, c := range raw {
			if c < ' ' && c != '\t' || c == 0x7f {
				return line{}, false, invalid(ErrGarbage, s.number, "holds a control character; check that the URL leads to an .m3u8")
			}
		}
		if len(raw) == 0 || raw[0] == '#' && !bytes.HasPrefix(raw, []byte("#EXT")) {
			continue
		}
		var l line
		var err error
		if raw[0] == '#' {
			l, err = s.tagLine(string(raw), begin)
		} else {
			l, err = s.uriLine(string(raw), begin)
		}
		return l, err == nil, err
	}
	return line{}, false, nil
}

func isSpace(c byte) bool { return isBlank(c) || c == '\r' }

func (s *scanner) uriLine(raw string, begin int) (line, error) {
	l := line{number: s.number}
	kind := SegmentURI
	if s.variant {
		kind, s.variant = VariantURI, false
	}
	value, err := s.expand(raw)
	if err != nil {
		return l, err
	}
	l.value = value
	err = s.refer(&l, kind, raw, value, begin, begin+len(raw), false)
	return l, err
}

func (s *scanner) tagLine(raw string, begin int) (line, error) {
	l := line{number: s.number}
	var colon bool
	l.tag, l.value, colon = strings.Cut(raw, ":")
	l.tag = strings.TrimRight(l.tag, " \t")
	s.variant = s.variant || l.tag == tagStreamInf
	if !colon || !hasAttributes(l.tag) {
		return l, nil
	}
	begin += len(raw) - len(l.value)
	list, ok := parseAttributes(l.value)
	if !ok {
		if l.tag == tagDateRange {
			return l, nil // advertisement systems write many odd ones, and playing needs none of them
		}
		return l, invalid(ErrGarbage, s.number, "has a damaged attribute list; check what makes the playlist")
	}
	l.attributes = list
	if l.tag == tagDefine {
		return l, s.defines.add(list, s.number)
	}
	for i := range list {
		a := &list[i]
		if a.quoted {
			value, err := s.expand(a.raw)
			if err != nil {
				return l, err
			}
			a.value = value
		}
		if kind := uriAttribute(l.tag, a.name); kind != 0 && a.value != "" {
			if err := s.refer(&l, kind, a.raw, a.value, begin+a.start, begin+a.end, true); err != nil {
				return l, err
			}
		}
	}
	return l, nil
}

// refer adds a reference to a line.
func (s *scanner) refer(l *line, kind Kind, raw, value string, start, end int, quote bool) error {
	absolute, ok := resolve(s.base, value)
	if !ok {
		return invalid(ErrGarbage, s.number, "holds a URI that cannot be understood; check what makes the playlist")
	}
	l.references = append(l.references, found{Reference{kind, raw, absolute, s.number}, start, end, quote})
	return nil
}

func resolve(base *url.URL, value string) (string, bool) {
	u, err := url.Parse(value)
	if err != nil {
		// A name such as seg_12:30:00.ts: Go wants the dot, players do not.
		before, _, _ := strings.Cut(value, "/")
		if !strings.Contains(before, ":") || strings.Contains(value, "://") {
			return "", false
		}
		if u, err = url.Parse("./" + value); err != nil {
			return "", false
		}
	}
	if base == nil {
		return value, true
	}
	return base.ResolveReference(u).String(), true
}

// expand puts variables in, within the limits: a few of them could make much text of little.
func (s *scanner) expand(raw string) (string, error) {
	if !s.defines.any() || !strings.Contains(raw, "{$") {
		return raw, nil
	}
	value, ok := s.defines.expand(raw, s.limits.MaxLine)
	if !ok {
		return "", invalid(ErrVariable, s.number,
			"uses a variable that is not defined, or that is too long; check what makes the playlist")
	}
	if s.expanded += len(value); s.expanded > 4*s.limits.MaxBytes {
		return "", invalid(ErrTooLarge, s.number, "makes the playlist too large by its variables; raise the limit")
	}
	return value, nil
}
