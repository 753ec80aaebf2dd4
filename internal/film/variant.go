package film

import (
	"slices"
	"strings"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/hls"
	"github.com/superp2p/superp2p/internal/remux"
)

// Choose returns the variant of a master playlist with the highest bandwidth of those that FLV can carry, and the URL of the
// playlist that its audio is in, "" if that is in its own segments.
//
// Errors: fault.SourceInvalid if there is none.
func Choose(m *hls.Master) (variant *hls.Variant, audio string, err error) {
	return choose(m, "avc1", "avc3", "hvc1", "hev1", "mp4a")
}

// ChooseForFlash is Choose of what Flash players know.
func ChooseForFlash(m *hls.Master) (variant *hls.Variant, audio string, err error) {
	return choose(m, "avc1", "avc3", "mp4a")
}

func choose(m *hls.Master, known ...string) (variant *hls.Variant, audio string, err error) {
	for i := range m.Variants {
		if v := &m.Variants[i]; carried(v.Codecs, known) && (variant == nil || v.Bandwidth > variant.Bandwidth) {
			variant = v
		}
	}
	if variant == nil {
		return nil, "", fault.Wrap(fault.SourceInvalid, "no variant of the master playlist is in H.264 or H.265 with AAC; play it by a player for HLS",
			remux.ErrNoTrack)
	}
	if audio = audioOf(m, variant.Audio); audio == variant.URI {
		audio = ""
	}
	return variant, audio, nil
}

// carried tells whether all codecs (RFC 6381) are of those that are known.
func carried(codecs, known []string) bool {
	return !slices.ContainsFunc(codecs, func(c string) bool {
		name, _, _ := strings.Cut(c, ".")
		return !slices.Contains(known, name)
	})
}

// audioOf returns where the audio of a group is: that which is chosen without asking, or the first.
func audioOf(m *hls.Master, group string) string {
	var first *hls.Rendition
	for i := range m.Renditions {
		r := &m.Renditions[i]
		if r.Type != "AUDIO" || r.Group != group || group == "" {
			continue
		}
		if r.Default {
			return r.URI
		}
		if first == nil || r.Autoselect && !first.Autoselect {
			first = r
		}
	}
	if first == nil {
		return ""
	}
	return first.URI
}
