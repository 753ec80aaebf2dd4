package hls

import (
	"math"
	"strconv"
	"strings"
)

// masterTag reads a tag of a master playlist that needs no line after it.
func (p *parser) masterTag(l *line) error {
	a := l.attributes
	switch l.tag {
	case tagMedia:
		p.master.Renditions = append(p.master.Renditions, Rendition{
			Type: a.get("TYPE"), URI: l.url(), Group: a.get("GROUP-ID"), Language: a.get("LANGUAGE"), Name: a.get("NAME"),
			Default: a.yes("DEFAULT"), Autoselect: a.yes("AUTOSELECT"), Forced: a.yes("FORCED"), Channels: a.get("CHANNELS"),
		})
	case tagIFrame:
		v, err := parseVariant(l)
		if err != nil {
			return err
		}
		if v.URI = l.url(); v.URI == "" {
			return invalid(ErrGarbage, l.number, "has an I-frame variant without a URI; check what makes the playlist")
		}
		p.master.IFrames = append(p.master.IFrames, v)
	case tagSessionKey:
		k, err := parseKey(l)
		if err != nil {
			return err
		}
		p.master.SessionKeys = append(p.master.SessionKeys, k)
	}
	return p.count(l)
}

// parseVariant reads the attributes of a variant. What only informs is left out if it is damaged; BANDWIDTH, which
// the RFC demands, is missing in many playlists that play.
func parseVariant(l *line) (Variant, error) {
	a := l.attributes
	v := Variant{Name: a.get("NAME"), Audio: a.get("AUDIO"), Video: a.get("VIDEO"), Subtitles: a.get("SUBTITLES"),
		ClosedCaptions: a.get("CLOSED-CAPTIONS")}
	if v.ClosedCaptions == "NONE" {
		v.ClosedCaptions = ""
	}
	if s := a.get("BANDWIDTH"); s != "" {
		var ok bool
		if v.Bandwidth, ok = parseNumber(s); !ok {
			return v, invalid(ErrGarbage, l.number, "has a BANDWIDTH that is no number; check what makes the playlist")
		}
	}
	if n, ok := parseNumber(a.get("AVERAGE-BANDWIDTH")); ok {
		v.AverageBandwidth = n
	}
	for codec := range strings.SplitSeq(a.get("CODECS"), ",") {
		if codec = strings.TrimSpace(codec); codec != "" {
			v.Codecs = append(v.Codecs, codec)
		}
	}
	if w, h, ok := strings.Cut(strings.ToLower(a.get("RESOLUTION")), "x"); ok {
		width, err1 := strconv.ParseUint(w, 10, 16)
		height, err2 := strconv.ParseUint(h, 10, 16)
		if err1 == nil && err2 == nil {
			v.Width, v.Height = int(width), int(height)
		}
	}
	if f, err := strconv.ParseFloat(a.get("FRAME-RATE"), 64); err == nil && f >= 0 && !math.IsInf(f, 0) {
		v.FrameRate = f
	}
	return v, nil
}
