package flv

// IsFrame tells whether t carries coded audio or video: neither script data nor a Config, nor the end of a sequence, a
// seek command, or a body that is too short to tell.
func (t *Tag) IsFrame() bool {
	if t.Type == Script {
		return false
	}
	d := t.inspect()
	return d.ok && d.kind == frames
}

// maxPicture is the largest width or height that is believed, in pixels.
const maxPicture = 1 << 16

// PictureSize returns the size of the pictures in pixels as t tells it: a sequence header of H.264 or HEVC, a keyframe
// of Sorenson H.263, or an onMetaData with width and height. It returns 0, 0 if t tells none.
func (t *Tag) PictureSize() (width, height int) {
	if t.Type != Script {
		p := t.picture()
		width, height = p.width, p.height
	} else if t.IsMetadata() {
		for _, p := range parseMetadata(t.Body) {
			v, ok := p.number()
			if !ok || !(v >= 1 && v <= maxPicture) {
				continue
			}
			switch p.key {
			case "width":
				width = int(v)
			case "height":
				height = int(v)
			}
		}
	}
	if width < 1 || height < 1 || width > maxPicture || height > maxPicture {
		return 0, 0
	}
	return width, height
}

// Payload returns what a media tag carries behind FLV's own header: a coded frame or a decoder's configuration, and how
// much later than decoded it is shown, in milliseconds. It is empty of script data and of bodies that are too short. Of
// bodies with several tracks it is the whole body.
func (t *Tag) Payload() (data []byte, composition int32) {
	d := t.inspect()
	switch {
	case !d.ok || d.header > len(t.Body):
		return nil, 0
	case d.ex && d.header == len(t.Body) && d.kind == frames:
		return t.Body, 0
	}
	data = t.Body[d.header:]
	if t.Type != Video || d.kind != frames {
		return data, 0
	}
	at := -1
	switch {
	case !d.ex && d.header == 5:
		at = 2
	case d.ex && t.Body[0]&0x0f == 1 && (d.codec == H264 || d.codec == HEVC || d.codec == VVC) && len(data) >= 3:
		at, data = d.header, data[3:]
	}
	if at >= 0 {
		composition = int32(uint32(t.Body[at])<<24|uint32(t.Body[at+1])<<16|uint32(t.Body[at+2])<<8) >> 8
	}
	return data, composition
}
