package webrtclink

import (
	"strings"

	"github.com/superp2p/superp2p/internal/fault"
)

// The limits of a session description from outside. A usual one is 1 KiB with 2 to 10 candidates.
const (
	MaxSDP        = 16 << 10
	maxCandidates = 64
	maxLines      = 256
)

// CheckSDP refuses session descriptions that cannot be for a link, before pion spends anything on them: too large,
// with media, or without the fingerprint that binds the connection to what the tracker relayed.
func CheckSDP(sdp string) error {
	if len(sdp) > MaxSDP {
		return fault.New(fault.RequestInvalid, "the peer's session description is larger than 16 KiB")
	}
	var lines, candidates, sections, fingerprints int
	for line := range strings.Lines(sdp) {
		lines++
		switch {
		case strings.HasPrefix(line, "m="):
			sections++
			if !strings.HasPrefix(line, "m=application ") {
				return fault.New(fault.RequestInvalid, "the peer's session description offers media, not data")
			}
		case strings.HasPrefix(line, "a=candidate:"):
			candidates++
		case strings.HasPrefix(line, "a=fingerprint:"):
			fingerprints++
		}
	}
	switch {
	case !strings.HasPrefix(sdp, "v=0"):
		return fault.New(fault.RequestInvalid, "the peer's session description does not start with v=0")
	case sections != 1 || fingerprints == 0:
		return fault.New(fault.RequestInvalid, "the peer's session description does not describe one data channel")
	case candidates > maxCandidates || lines > maxLines:
		return fault.New(fault.RequestInvalid, "the peer's session description has too many lines")
	}
	return nil
}
