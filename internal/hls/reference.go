package hls

// Kind says what a URI in a playlist leads to.
type Kind uint8

// The kinds of references.
const (
	SegmentURI         Kind = iota + 1 // a media segment
	VariantURI                         // EXT-X-STREAM-INF: a media playlist
	RenditionURI                       // EXT-X-MEDIA: a media playlist
	IFrameURI                          // EXT-X-I-FRAME-STREAM-INF: a media playlist
	ImageURI                           // EXT-X-IMAGE-STREAM-INF: a media playlist of pictures
	MapURI                             // EXT-X-MAP: an initialization segment
	KeyURI                             // EXT-X-KEY
	SessionKeyURI                      // EXT-X-SESSION-KEY
	SessionDataURI                     // EXT-X-SESSION-DATA
	SteeringURI                        // EXT-X-CONTENT-STEERING: a steering manifest
	PartURI                            // EXT-X-PART: a part of a segment
	PreloadHintURI                     // EXT-X-PRELOAD-HINT: a part or map that will come
	RenditionReportURI                 // EXT-X-RENDITION-REPORT: another rendition's media playlist
	InterstitialURI                    // EXT-X-DATERANGE, X-ASSET-URI: a playlist to be put in, an advertisement mostly
	InterstitialsURI                   // EXT-X-DATERANGE, X-ASSET-LIST: a JSON list of those
)

// IsPlaylist says that what the URI leads to is an HLS playlist, whose own URIs may have to be rewritten in turn.
func (k Kind) IsPlaylist() bool {
	switch k {
	case VariantURI, RenditionURI, IFrameURI, ImageURI, RenditionReportURI, InterstitialURI:
		return true
	}
	return false
}

// Reference is a URI in a playlist.
type Reference struct {
	Kind Kind
	Raw  string // as it stands there, variables not put in
	URL  string // absolute, variables put in; as written if there is no base
	Line int    // where it stands, from 1
}

// uriAttribute returns the kind of the URI that an attribute of a tag holds, 0 if it holds none.
func uriAttribute(tag, name string) Kind {
	if name != "URI" {
		switch {
		case tag == tagSteering && name == "SERVER-URI":
			return SteeringURI
		case tag == tagDateRange && name == "X-ASSET-URI":
			return InterstitialURI
		case tag == tagDateRange && name == "X-ASSET-LIST":
			return InterstitialsURI
		}
		return 0
	}
	switch tag {
	case tagMedia:
		return RenditionURI
	case tagIFrame:
		return IFrameURI
	case tagImage:
		return ImageURI
	case tagMap:
		return MapURI
	case tagKey:
		return KeyURI
	case tagSessionKey:
		return SessionKeyURI
	case tagSessionData:
		return SessionDataURI
	case tagPart:
		return PartURI
	case tagPreloadHint:
		return PreloadHintURI
	case tagRenditionReport:
		return RenditionReportURI
	}
	return 0
}
