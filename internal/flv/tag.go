package flv

// Type tells what a tag carries.
type Type uint8

// The types of tags, as on the wire.
const (
	Audio  Type = 8
	Video  Type = 9
	Script Type = 18
)

const (
	// HeaderSize is the size of a file header with the first previous-tag-size, in bytes.
	HeaderSize = 13
	// TagHeaderSize is the size of what precedes a tag's body, in bytes.
	TagHeaderSize = 11
	// TagOverhead is what a tag takes beyond its body, in bytes: its header and the previous-tag-size after it.
	TagOverhead = TagHeaderSize + 4
	// MaxBody is the largest body that the format can express, in bytes.
	MaxBody = 1<<24 - 1
)

// Tag is one FLV tag.
type Tag struct {
	Type      Type
	Timestamp uint32 // decoding time in milliseconds, 32 bits as on the wire: it wraps after 49.7 days
	Body      []byte
}

// Size returns how many bytes AppendTag appends.
func (t *Tag) Size() int { return TagOverhead + len(t.Body) }

// AppendHeader appends the header of an FLV file and the first previous-tag-size.
func AppendHeader(b []byte, hasAudio, hasVideo bool) []byte {
	var flags byte
	if hasAudio {
		flags |= 4
	}
	if hasVideo {
		flags |= 1
	}
	return append(b, 'F', 'L', 'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0)
}

// AppendTag appends t as it stands in a file: header, body, and the previous-tag-size after it. The body must not be
// larger than MaxBody.
func AppendTag(b []byte, t *Tag) []byte {
	n := len(t.Body)
	b = append(b, byte(t.Type), byte(n>>16), byte(n>>8), byte(n),
		byte(t.Timestamp>>16), byte(t.Timestamp>>8), byte(t.Timestamp), byte(t.Timestamp>>24), 0, 0, 0)
	b = append(b, t.Body...)
	n += TagHeaderSize
	return append(b, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

// ParseTag reads one tag from the start of b, without copying: the tag's body is part of b. It returns the bytes that
// the tag takes in all, or how many b would have to hold at least if it ends too early, then with ErrShort.
func ParseTag(b []byte, l Limits) (t Tag, size int, err error) {
	if len(b) < TagHeaderSize {
		return t, TagHeaderSize, ErrShort
	}
	t, n, err := parseTagHeader(b, l)
	if err != nil {
		return t, 0, err
	}
	size = TagOverhead + n
	if len(b) < size {
		return t, size, ErrShort
	}
	t.Body = b[TagHeaderSize : TagHeaderSize+n : TagHeaderSize+n]
	return t, size, nil
}

// parseTagHeader reads the 11 bytes before a body and returns the body's size.
func parseTagHeader(b []byte, l Limits) (Tag, int, error) {
	t := Tag{
		// The three upper bits are reserved and the encryption filter; a filtered tag is not playable here.
		Type:      Type(b[0]),
		Timestamp: uint32(b[7])<<24 | uint32(b[4])<<16 | uint32(b[5])<<8 | uint32(b[6]),
	}
	if t.Type != Audio && t.Type != Video && t.Type != Script {
		return t, 0, ErrTagType
	}
	n := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	if n > l.maxTag() {
		return t, 0, ErrTagSize
	}
	return t, n, nil
}
