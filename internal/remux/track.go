package remux

import (
	"encoding/binary"
	"fmt"
	"iter"
	"time"

	"github.com/Eyevinn/mp4ff/mp4"

	"github.com/superp2p/superp2p/internal/flv"
)

// track is a track of an MP4 that FLV can carry.
type track struct {
	id     uint32
	video  bool
	codec  flv.Codec
	config []byte // nil if the codec needs none
	scale  uint32
	shift  time.Duration // what the edit list adds to times
	ahead  time.Duration // by how much more frames are decoded before they are shown than the file says
	led    bool          // ahead is known
	trex   *mp4.TrexBox
	tables *mp4.StblBox
}

// tracks returns the first video and the first audio track that FLV can carry.
func tracks(moov *mp4.MoovBox, o *Options) (found []*track, err error) {
	err = guard("the MP4's box moov", func() error {
		if len(moov.Traks) > o.MaxTracks {
			return invalid("the MP4 has %d tracks, more than the limit of %d", len(moov.Traks), o.MaxTracks)
		}
		var has [2]bool
		var names []string
		for _, trak := range moov.Traks {
			t, name, err := newTrack(moov, trak)
			if err != nil {
				return err
			}
			if name == "" && has[t.queue()] {
				name = [...]string{"another video track", "another audio track"}[t.queue()]
			}
			if name != "" {
				names = append(names, name)
				o.ignore(name)
				continue
			}
			has[t.queue()] = true
			found = append(found, t)
		}
		if len(found) == 0 {
			return uncarried("the MP4", names)
		}
		return nil
	})
	return found, err
}

func (t *track) queue() int { return (&unit{video: t.video}).queue() }

// newTrack returns a track, or the name of why it is not carried.
func newTrack(moov *mp4.MoovBox, trak *mp4.TrakBox) (*track, string, error) {
	if trak.Tkhd == nil || trak.Mdia == nil || trak.Mdia.Mdhd == nil || trak.Mdia.Hdlr == nil || trak.Mdia.Minf == nil ||
		trak.Mdia.Minf.Stbl == nil || trak.Mdia.Minf.Stbl.Stsd == nil {
		return nil, "", invalid("a track of the MP4 lacks a box that each must have; the file is damaged")
	}
	stsd := trak.Mdia.Minf.Stbl.Stsd
	t := &track{id: trak.Tkhd.TrackID, scale: trak.Mdia.Mdhd.Timescale, tables: trak.Mdia.Minf.Stbl}
	handler := trak.Mdia.Hdlr.HandlerType
	if handler != "vide" && handler != "soun" {
		return nil, fmt.Sprintf("a track of kind %q", handler), nil
	}
	if len(stsd.Children) == 0 {
		return nil, "a track without codec", nil
	}
	t.video = handler == "vide"
	// Of several sample entries the first counts; files whose tracks change their codec are all but unheard of.
	name, err := t.setCodec(stsd.Children[0])
	if err != nil || name != "" {
		return nil, name, err
	}
	if t.scale == 0 {
		return nil, "", invalid("a track of the MP4 has no time scale; the file is damaged")
	}
	if moov.Mvex != nil {
		t.trex, _ = moov.Mvex.GetTrex(t.id)
	}
	if trak.Edts != nil && moov.Mvhd != nil && moov.Mvhd.Timescale > 0 {
		for _, list := range trak.Edts.Elst {
			t.edit(list.Entries, moov.Mvhd.Timescale)
		}
	}
	return t, "", nil
}

// edit takes a delay at the start, and where the media begins after it. What more an edit list can say is left out.
func (t *track) edit(entries []mp4.ElstEntry, movieScale uint32) {
	for _, e := range entries {
		if e.MediaTime >= 0 {
			t.shift -= fromScale(e.MediaTime, t.scale)
			return
		}
		t.shift += fromScale(int64(min(e.SegmentDuration, 1<<40)), movieScale)
	}
}

// setCodec reads a sample entry; it returns the name of a codec that is not carried.
func (t *track) setCodec(entry mp4.Box) (string, error) {
	var box mp4.Box
	switch e := entry.(type) {
	case *mp4.VisualSampleEntryBox:
		switch {
		case !t.video:
		case e.AvcC != nil && (e.Type() == "avc1" || e.Type() == "avc3"):
			t.codec, box = flv.H264, e.AvcC
		case e.HvcC != nil && (e.Type() == "hvc1" || e.Type() == "hev1"):
			t.codec, box = flv.HEVC, e.HvcC
		case e.Av1C != nil && e.Type() == "av01":
			t.codec, box = flv.AV1, e.Av1C
		case e.VppC != nil && e.Type() == "vp09":
			t.codec, box = flv.VP9, e.VppC
		}
	case *mp4.AudioSampleEntryBox:
		switch {
		case t.video:
		case e.Type() == "mp4a" && e.Esds != nil:
			return t.setObjectType(e.Esds)
		case e.Type() == "Opus" && e.Dops != nil:
			t.codec, t.config = flv.Opus, opusHead(e.Dops)
			return "", nil
		case e.Type() == "ac-3":
			t.codec = flv.AC3
			return "", nil
		case e.Type() == "ec-3":
			t.codec = flv.EAC3
			return "", nil
		}
	}
	switch name := entry.Type(); {
	case box != nil:
		var err error
		t.config, err = payload(box)
		if t.codec == flv.VP9 && err == nil {
			t.config = t.config[4:] // the record comes after the box's version and flags
		}
		return "", err
	case name == "encv" || name == "enca":
		return "encrypted media (" + name + ")", nil
	default:
		return fmt.Sprintf("%q", name), nil
	}
}

// setObjectType reads what mp4a really is.
func (t *track) setObjectType(esds *mp4.EsdsBox) (string, error) {
	d := esds.DecConfigDescriptor
	if d == nil {
		return "", invalid("the MP4's audio track lacks its decoder configuration; the file is damaged")
	}
	switch d.ObjectType {
	case 0x40, 0x66, 0x67, 0x68:
		if d.DecSpecificInfo == nil || len(d.DecSpecificInfo.DecConfig) < 2 {
			return "", invalid("the MP4's AAC track lacks its AudioSpecificConfig; the file is damaged")
		}
		t.codec, t.config = flv.AAC, d.DecSpecificInfo.DecConfig
	case 0x69, 0x6b:
		t.codec = flv.MP3
	default:
		return fmt.Sprintf("mp4a of object type 0x%02x", d.ObjectType), nil
	}
	return "", nil
}

// opusHead returns the ID header of RFC 7845, section 5.1, which enhanced FLV has, from MP4's form of it.
func opusHead(d *mp4.DopsBox) []byte {
	b := append([]byte("OpusHead"), 1, d.OutputChannelCount)
	b = binary.LittleEndian.AppendUint16(b, d.PreSkip)
	b = binary.LittleEndian.AppendUint32(b, d.InputSampleRate)
	b = binary.LittleEndian.AppendUint16(b, uint16(d.OutputGain))
	b = append(b, d.ChannelMappingFamily)
	if d.ChannelMappingFamily != 0 {
		b = append(append(b, d.StreamCount, d.CoupledCount), d.ChannelMapping...)
	}
	return b
}

// lead makes room for negative composition offsets, which some players of FLV do not take: the whole track is decoded
// earlier then. The offsets are those of the track's beginning.
func (t *track) lead(offsets iter.Seq[int32]) {
	if t.led {
		return
	}
	t.led = true
	for o := range offsets {
		t.ahead = max(t.ahead, fromScale(-int64(o), t.scale))
	}
}

// times sets when a unit is decoded and shown, from the file's numbers in the track's scale.
func (t *track) times(u *unit, dts, composition int64) {
	at := fromScale(dts, t.scale) + t.shift
	u.dts, u.pts = at-t.ahead, at+fromScale(composition, t.scale)
}

// configUnit is the track's decoder configuration, false if it needs none.
func (t *track) configUnit(at time.Duration) (unit, bool) {
	return unit{video: t.video, config: true, codec: t.codec, dts: at, pts: at, data: t.config}, t.config != nil
}
