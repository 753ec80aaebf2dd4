package hls

import "strconv"

// lowLatency reads the tags of low-latency HLS (draft-pantos-hls-rfc8216bis, 4.4.3.7 to 4.4.5.4).
func (p *mediaParser) lowLatency(l *line) error {
	a := l.attributes
	switch l.tag {
	case tagPartInf:
		d, ok := parseSeconds(a.get("PART-TARGET"), false)
		if !ok || d == 0 || d > p.limits.MaxTargetDuration {
			return invalid(ErrTargetDuration, l.number, "has an absurd PART-TARGET; check what makes the playlist")
		}
		p.m.PartTarget = d
	case tagServerControl:
		c := &p.m.ServerControl
		c.CanBlockReload, c.CanSkipDateRanges = a.yes("CAN-BLOCK-RELOAD"), a.yes("CAN-SKIP-DATERANGES")
		c.CanSkipUntil, _ = parseSeconds(a.get("CAN-SKIP-UNTIL"), false)
		c.HoldBack, _ = parseSeconds(a.get("HOLD-BACK"), false)
		c.PartHoldBack, _ = parseSeconds(a.get("PART-HOLD-BACK"), false)
	case tagSkip:
		n, ok := parseNumber(a.get("SKIPPED-SEGMENTS"))
		if !ok || n > int64(p.limits.MaxSegments) || len(p.m.Segments) > 0 {
			return invalid(ErrGarbage, l.number, "skips segments in a way that cannot be; check what makes the playlist")
		}
		p.m.Skipped = n
	case tagPart:
		return p.part(l)
	case tagPreloadHint:
		return p.preloadHint(l)
	case tagRenditionReport:
		r := RenditionReport{URI: l.url(), LastPart: -1}
		r.LastSequence, _ = parseNumber(a.get("LAST-MSN"))
		if n, err := strconv.ParseUint(a.get("LAST-PART"), 10, 31); err == nil {
			r.LastPart = int64(n)
		}
		p.m.RenditionReports = append(p.m.RenditionReports, r)
	}
	return nil
}

func (p *mediaParser) part(l *line) error {
	a := l.attributes
	d, ok := parseSeconds(a.get("DURATION"), false)
	if !ok || d > maxSegment || l.url() == "" {
		return invalid(ErrGarbage, l.number, "has a part without duration or URI; check what makes the playlist")
	}
	if p.parts++; p.parts > p.limits.MaxSegments {
		return invalid(ErrTooLarge, l.number, "has more parts than allowed; check the URL, or raise the limit")
	}
	part := Part{URI: l.url(), Duration: d, Independent: a.yes("INDEPENDENT"), Gap: a.yes("GAP")}
	if s := a.get("BYTERANGE"); s != "" {
		if part.Range, ok = parseByteRange(s); !ok {
			return badRange(l)
		}
		if part.Range, ok = follow(part.Range, part.URI, p.partURI, p.partEnd); !ok {
			return badRange(l)
		}
		p.partURI, p.partEnd = part.URI, part.Range.Offset+part.Range.Length
	} else {
		p.partURI = ""
	}
	p.next.Parts = append(p.next.Parts, part)
	return nil
}

func (p *mediaParser) preloadHint(l *line) error {
	a := l.attributes
	h := PreloadHint{Type: a.get("TYPE"), URI: l.url()}
	for _, f := range []struct {
		name string
		to   *int64
	}{{"BYTERANGE-START", &h.Range.Offset}, {"BYTERANGE-LENGTH", &h.Range.Length}} {
		if s := a.get(f.name); s != "" {
			n, ok := parseNumber(s)
			if !ok {
				return badRange(l)
			}
			*f.to = n
		}
	}
	if h.URI == "" {
		return invalid(ErrGarbage, l.number, "hints at a part without a URI; check what makes the playlist")
	}
	p.m.PreloadHints = append(p.m.PreloadHints, h)
	return nil
}
