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
