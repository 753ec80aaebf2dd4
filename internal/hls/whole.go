package hls

import (
	"bytes"
	"strings"
)

// WholeSegments returns a media playlist without what low latency adds to it: parts, hints at them, rendition reports, and
// of EXT-X-SERVER-CONTROL all but HOLD-BACK. A player of the result takes whole segments. All other lines stay byte for
// byte. What is damaged or no playlist is for Parse or Rewrite to find.
func WholeSegments(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for l := range bytes.Lines(b) {
		tag, value, _ := strings.Cut(string(bytes.TrimSpace(l)), ":")
		switch strings.TrimRight(tag, " \t") {
		case tagPart, tagPartInf, tagPreloadHint, tagRenditionReport:
			continue
		case tagServerControl:
			list, _ := parseAttributes(value)
			hold := list.get("HOLD-BACK")
			if _, ok := parseSeconds(hold, false); ok {
				out = append(out, tagServerControl+":HOLD-BACK="+hold+"\n"...)
			}
			continue
		}
		out = append(out, l...)
	}
	return out
}
