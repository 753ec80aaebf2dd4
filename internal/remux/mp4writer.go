package remux

import (
	"bytes"
	"io"

	"github.com/Eyevinn/mp4ff/mp4"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg1audio"
	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"

	"github.com/superp2p/superp2p/internal/flv"
)

const (
	// fragmentEnough is how long a fragment may grow without a keyframe, in milliseconds.
	fragmentEnough = 10_000
	// fragmentBytes is how large it may grow.
	fragmentBytes = 32 << 20
	// audioFragment is how long a fragment of audio alone is, in milliseconds.
	audioFragment = 2000
)

// MP4Writer writes FLV tags as a fragmented MP4: a file that plays as far as it was written, whenever writing ends.
type MP4Writer struct {
	lineup
	seek    io.Seeker // what is written to, if it can seek
	at      int64     // where the file begins in it
	init    *mp4.InitSegment
	tracks  [2]*outTrack
	bytes   int
	since   int64 // when the fragment began
	number  uint32
	closed  bool
	longest int64
}

// outTrack is a track that is being written. Times are in milliseconds, FLV's unit, so that none is rounded.
type outTrack struct {
	id      uint32
	codec   flv.Codec
	config  videoConfig
	renew   bool // the next keyframe has to bring the parameter sets along
	pending *packet
	samples []mp4.FullSample
	last    int64 // how long the last sample lasts
}

// NewMP4Writer returns a writer of H.264 or H.265 video and AAC or MP3 audio. Nothing is written before the tracks are
// known, at most 3 s into the stream. If w is an io.WriteSeeker that can seek, Close writes the duration into the
// beginning of the file. Where parameter sets change on the way, they go along with the frames, and some decoders lose a
// picture or two. Close does not close w.
func NewMP4Writer(w io.Writer) *MP4Writer {
	m := &MP4Writer{lineup: lineup{out: &output{Writer: w}}}
	if s, ok := w.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			m.seek, m.at = s, at
		}
	}
	m.lineup.name, m.lineup.begin, m.lineup.write = "MP4", m.start, m.add
	return m
}

// start writes ftyp and moov.
func (m *MP4Writer) start(video, audio *packet) error {
	m.init = mp4.CreateEmptyInit()
	m.init.Moov.Mvhd.Timescale, m.init.Moov.Mvhd.Version = 1000, 1
	m.init.Moov.Mvex.Mehd = &mp4.MehdBox{Version: 1}
	m.init.Moov.Mvex.Children = append([]mp4.Box{m.init.Moov.Mvex.Mehd}, m.init.Moov.Mvex.Children...)
	if video != nil {
		trak := m.init.AddEmptyTrack(1000, "video", "und")
		t := &outTrack{id: trak.Tkhd.TrackID, codec: video.codec, last: 40}
		if err := t.describeVideo(trak, video); err != nil {
			return err
		}
		m.tracks[0] = t
	}
	if audio != nil {
		trak := m.init.AddEmptyTrack(1000, "audio", "und")
		t := &outTrack{id: trak.Tkhd.TrackID, codec: audio.codec, last: 23}
		if err := t.describeAudio(trak, audio); err != nil {
			return err
		}
		m.tracks[1] = t
	}
	return m.init.Encode(m.out)
}

func (t *outTrack) describeVideo(trak *mp4.TrakBox, p *packet) (err error) {
	if t.config, err = readVideoConfig(p.codec, p.data); err != nil {
		return err
	}
	header := mp4.BoxHeader{Name: "avcC", Size: uint64(len(t.config.record)) + 8, Hdrlen: 8}
	entry, decode := "avc1", mp4.DecodeAvcC
	if p.codec == flv.HEVC {
		header.Name, entry, decode = "hvcC", "hvc1", mp4.DecodeHvcC
	}
	box, err := decode(header, 0, bytes.NewReader(t.config.record))
	if err != nil {
		return wrapped(err, "the stream's decoder configuration is damaged; check the encoder")
	}
	trak.Tkhd.Width, trak.Tkhd.Height = mp4.Fixed32(t.config.width<<16), mp4.Fixed32(t.config.height<<16)
	trak.Mdia.Minf.Stbl.Stsd.AddChild(mp4.CreateVisualSampleEntryBox(entry, uint16(t.config.width), uint16(t.config.height), box))
	return nil
}

func (t *outTrack) describeAudio(trak *mp4.TrakBox, p *packet) error {
	rate, channels := 44100, 2
	esds := mp4.CreateEsdsBox(p.data)
	if p.codec == flv.MP3 {
		var h mpeg1audio.FrameHeader
		if err := h.Unmarshal(p.data); err != nil {
			return wrapped(err, "the stream's MP3 is damaged; check the encoder")
		}
		if rate = h.SampleRate; h.ChannelMode == mpeg1audio.ChannelModeMono {
			channels = 1
		}
		esds.DecConfigDescriptor.ObjectType, esds.DecConfigDescriptor.DecSpecificInfo = 0x6b, nil
	} else {
		var c mpeg4audio.AudioSpecificConfig
		if err := c.Unmarshal(p.data); err != nil {
			return wrapped(err, "the stream's AAC configuration is damaged; check the encoder")
		}
		if rate = c.SampleRate; c.ChannelConfig > 0 {
			channels = int(c.ChannelConfig)
		}
	}
	if rate > 0xffff {
		rate = 0 // the field has 16 bits; the configuration tells what is true
	}
	trak.Mdia.Minf.Stbl.Stsd.AddChild(mp4.CreateAudioSampleEntryBox("mp4a", uint16(channels), 16, uint16(rate), esds))
	return nil
}

// add takes a packet.
func (m *MP4Writer) add(p *packet) error {
	t := m.tracks[kindOf(p)]
	switch {
	case p.codec != t.codec:
		return invalid("the stream changes its codec, which an MP4 cannot take; what is written until now is good; write FLV")
	case p.config && p.video:
		c, err := readVideoConfig(p.codec, p.data)
		if err != nil {
			return err
		}
		// A fragmented MP4 has one moov; what is new goes along with the frames, where decoders take it too.
		t.config, t.renew = c, true
		return nil
	case p.config:
		return invalid("the stream's audio changes its format, which an MP4 cannot take; what is written until now is good; " +
			"write FLV or TS")
	}
	if p.video {
		p.data = t.convert(p)
	}
	if before := t.pending; before != nil {
		if p.dts < before.dts {
			p.dts = before.dts
		}
		t.close(p.dts)
	}
	lead := p.video || m.tracks[0] == nil
	if age := p.dts - m.since; lead && (p.key && p.video || m.tracks[0] == nil && age >= audioFragment || age >= fragmentEnough) ||
		m.bytes > fragmentBytes {
		if err := m.flush(); err != nil {
			return err
		}
		m.since = p.dts
	}
	t.pending = p
	m.bytes += len(p.data)
	return nil
}

// convert makes lengths of 4 bytes, and adds parameter sets that are new.
func (t *outTrack) convert(p *packet) []byte {
	var b []byte
	if t.renew && p.key {
		t.renew = false
		for _, s := range t.config.sets {
			b = appendNALU(b, s)
		}
	}
	for _, n := range t.config.split(p.data) {
		b = appendNALU(b, n)
	}
	return b
}

// close ends the pending sample at a time.
func (t *outTrack) close(at int64) {
	p := t.pending
	t.pending = nil
	t.last = at - p.dts
	flags := mp4.SyncSampleFlags
	if p.video && !p.key {
		flags = mp4.SetNonSyncSampleFlags(0)
	}
	t.samples = append(t.samples, mp4.FullSample{
		Sample:     mp4.NewSample(flags, uint32(min(t.last, 1<<31)), uint32(len(p.data)), int32(p.cts)),
		DecodeTime: uint64(max(0, p.dts)), Data: p.data,
	})
}

// flush writes the samples that are complete as a fragment.
func (m *MP4Writer) flush() error {
	var ids []uint32
	for _, t := range m.tracks {
		if t != nil && len(t.samples) > 0 {
			ids = append(ids, t.id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	m.number++
	f, err := mp4.CreateMultiTrackFragment(m.number, ids)
	if err != nil {
		return err
	}
	m.bytes = 0
	for _, t := range m.tracks {
		if t == nil {
			continue
		}
		for _, s := range t.samples {
			if err := f.AddFullSampleToTrack(s, t.id); err != nil {
				return err
			}
			m.longest = max(m.longest, int64(s.DecodeTime)+int64(s.Dur))
		}
		t.samples = t.samples[:0]
	}
	var b bytes.Buffer
	if err := f.Encode(&b); err != nil {
		return err
	}
	_, err = m.out.Write(b.Bytes())
	return err
}

// Close writes what is left. It returns the error that an earlier call did, if one did.
func (m *MP4Writer) Close() error {
	if m.closed {
		return m.err
	}
	m.closed = true
	err := m.finish()
	if m.init == nil {
		return err
	}
	// What came before an error is to play as well.
	if end := guard("the MP4", m.end); err == nil {
		m.err = m.told(end)
	}
	return m.err
}

func (m *MP4Writer) end() error {
	for _, t := range m.tracks {
		if t != nil && t.pending != nil {
			t.close(t.pending.dts + max(t.last, 1))
		}
	}
	if err := m.flush(); err != nil || m.seek == nil {
		return err
	}
	m.init.Moov.Mvhd.Duration = uint64(m.longest)
	m.init.Moov.Mvex.Mehd.FragmentDuration = m.longest
	end, err := m.seek.Seek(0, io.SeekCurrent)
	if err == nil {
		_, err = m.seek.Seek(m.at, io.SeekStart)
	}
	if err != nil {
		m.out.err = err
		return err
	}
	if err := m.init.Encode(m.out); err != nil {
		return err
	}
	_, err = m.seek.Seek(end, io.SeekStart)
	return err
}
