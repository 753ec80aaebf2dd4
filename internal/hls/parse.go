package hls

import (
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// parser gathers a playlist line by line. What kind it is shows only at its end.
type parser struct {
	p      Playlist
	limits Limits
	master Master
	media  mediaParser

	isMaster, isMedia bool
	variant           *Variant // waits for its URI
	stray             int      // the first line with a URI that no tag announced
	entries           int      // of the master playlist
}

// Parse reads a master or a media playlist. Relative URIs are resolved against base, the URL that the playlist came
// from after redirects; if base is nil, they stay relative.
//
// Errors: fault.SourceInvalid, which wraps one of ErrNoPlaylist, ErrNeither, ErrMixed, ErrGarbage, ErrTooLarge,
// ErrTargetDuration, ErrNoDuration, ErrByteRange and ErrVariable.
func Parse(b []byte, base *url.URL, o Options) (*Playlist, error) {
	s, err := newScanner(b, base, o)
	if err != nil {
		return nil, err
	}
	p := &parser{p: Playlist{Version: 1}, limits: s.limits, media: mediaParser{limits: s.limits}}
	for {
		l, ok, err := s.next()
		if err != nil {
			return nil, err
		}
		if !ok {
			break
		}
		if err := p.line(&l); err != nil {
			return nil, err
		}
	}
	p.p.Variables, p.p.QueryParameters = s.defines.values, s.defines.query
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &p.p, nil
}

func (p *parser) line(l *line) error {
	p.isMaster = p.isMaster || isMaster(l.tag)
	p.isMedia = p.isMedia || isMedia(l.tag)
	switch l.tag {
	case "":
		return p.uri(l)
	case tagVersion:
		if n, err := strconv.Atoi(strings.TrimSpace(l.value)); err == nil && n > 0 {
			p.p.Version = n // an unknown one is no reason to refuse: what matters is whether its tags are understood
		}
	case tagIndependent:
		p.p.Independent = true
	case tagStart:
		if offset, ok := parseSeconds(l.attributes.get("TIME-OFFSET"), true); ok {
			p.p.Start = &Start{offset, l.attributes.yes("PRECISE")}
		}
	case tagStreamInf:
		v, err := parseVariant(l)
		p.variant = &v
		return err
	case tagMedia, tagIFrame, tagSessionKey:
		return p.masterTag(l)
	default:
		return p.media.tag(l)
	}
	return nil
}

func (p *parser) uri(l *line) error {
	switch {
	case p.variant != nil:
		p.variant.URI = l.url()
		p.master.Variants = append(p.master.Variants, *p.variant)
		p.variant = nil
		return p.count(l)
	case p.media.announced:
		return p.media.segment(l)
	case p.stray == 0:
		p.stray = l.number
	}
	return nil
}

func (p *parser) finish() error {
	switch {
	case p.isMaster && p.isMedia:
		return invalid(ErrMixed, 0, "has tags of a master and of a media playlist; check what makes it")
	case p.isMaster:
		if p.stray > 0 {
			return invalid(ErrGarbage, p.stray, "has a URI without #EXT-X-STREAM-INF; check what makes the playlist")
		}
		if p.variant != nil {
			return invalid(ErrGarbage, 0, "ends after #EXT-X-STREAM-INF; load it again")
		}
		p.p.Master = &p.master
		return nil
	case p.isMedia:
		if p.stray > 0 {
			return invalid(ErrNoDuration, p.stray, "has a segment without #EXTINF; check what makes the playlist")
		}
		m, err := p.media.finish()
		p.p.Media = m
		return err
	}
	return invalid(ErrNeither, 0, "has neither variants nor segments of HLS; check that the URL leads to a stream")
}

// count refuses master playlists with too much in them.
func (p *parser) count(l *line) error {
	if p.entries++; p.entries > p.limits.MaxSegments {
		return invalid(ErrTooLarge, l.number, "has more variants than allowed; check the URL, or raise the limit")
	}
	return nil
}

// parseSeconds reads a decimal number of seconds; false if it is none or absurd.
func parseSeconds(s string, signed bool) (time.Duration, bool) {
	f, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(f) || math.Abs(f) > 1e9 || f < 0 && !signed {
		return 0, false
	}
	return time.Duration(math.Round(f * float64(time.Second))), true
}
