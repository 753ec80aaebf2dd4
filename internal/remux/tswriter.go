//go:build !js

package remux

import (
	"bufio"
	"io"

	"github.com/bluenviron/mediacommon/v2/pkg/codecs/mpeg4audio"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts"
	"github.com/bluenviron/mediacommon/v2/pkg/formats/mpegts/codecs"

	"github.com/superp2p/superp2p/internal/flv"
)

// tsStart is the time of the first frame in 1/90,000 s: the clock reference has to be before it.
const tsStart = 90_000

// TSWriter writes FLV tags as MPEG-TS.
type TSWriter struct {
	lineup
	w       *bufio.Writer
	mux     *mpegts.Writer
	video   *mpegts.Track
	audio   *mpegts.Track
	config  videoConfig
	led     bool // a frame was written
	byAudio bool // the first one was audio: the library puts tables before that, and not before keyframes
	closed  bool
}

// NewTSWriter returns a writer of H.264 or H.265 video and AAC or MP3 audio. Nothing is written before the tracks are
// known, at most 3 s into the stream. Parameter sets stand before each keyframe, tables too. Close does not close w.
func NewTSWriter(w io.Writer) *TSWriter {
	t := &TSWriter{lineup: lineup{out: &output{Writer: w}}}
	t.w = bufio.NewWriterSize(t.out, 64<<10)
	t.lineup.name, t.lineup.begin, t.lineup.write = "MPEG-TS", t.start, t.add
	return t
}

func (t *TSWriter) start(video, audio *packet) (err error) {
	t.mux = &mpegts.Writer{W: t.w}
	if video != nil {
		if t.config, err = readVideoConfig(video.codec, video.data); err != nil {
			return err
		}
		t.video = &mpegts.Track{Codec: &codecs.H264{}}
		if video.codec == flv.HEVC {
			t.video.Codec = &codecs.H265{}
		}
		t.mux.Tracks = append(t.mux.Tracks, t.video)
	}
	if audio != nil {
		t.audio = &mpegts.Track{Codec: &codecs.MPEG1Audio{}}
		if audio.codec == flv.AAC {
			t.audio.Codec = &codecs.MPEG4Audio{}
			if err := t.setAudio(audio.data); err != nil {
				return err
			}
		}
		t.mux.Tracks = append(t.mux.Tracks, t.audio)
	}
	if err := t.mux.Initialize(); err != nil {
		return err
	}
	_, err = t.mux.WriteTables()
	return err
}

// setAudio takes an AudioSpecificConfig, which ADTS repeats in each frame.
func (t *TSWriter) setAudio(config []byte) error {
	var c mpeg4audio.AudioSpecificConfig
	if err := c.Unmarshal(config); err != nil {
		return wrapped(err, "the stream's AAC configuration is damaged; check the encoder")
	}
	aac, ok := t.audio.Codec.(*codecs.MPEG4Audio)
	if !ok {
		return invalid("the stream's audio changes its codec, which is not written as MPEG-TS here; write FLV")
	}
	aac.Config = c
	return nil
}

func (t *TSWriter) add(p *packet) error {
	dts := tsStart + 90*p.dts
	pts := dts + 90*p.cts
	switch {
	case p.config && p.video:
		c, err := readVideoConfig(p.codec, p.data)
		if err == nil {
			t.config = c
		}
		return err
	case p.config:
		return t.setAudio(p.data)
	case p.video:
		t.led = true
		return t.addVideo(p, pts, dts)
	}
	t.byAudio, t.led = t.byAudio || !t.led, true
	switch {
	case p.codec == flv.AAC:
		if _, ok := t.audio.Codec.(*codecs.MPEG4Audio); !ok {
			break
		}
		return t.mux.WriteMPEG4Audio(t.audio, pts, [][]byte{p.data})
	default:
		if _, ok := t.audio.Codec.(*codecs.MPEG1Audio); !ok {
			break
		}
		return t.mux.WriteMPEG1Audio(t.audio, pts, [][]byte{p.data})
	}
	return invalid("the stream's audio changes its codec, which is not written as MPEG-TS here; write FLV")
}

func (t *TSWriter) addVideo(p *packet, pts, dts int64) error {
	var au [][]byte
	if p.key {
		if err := t.w.Flush(); err != nil {
			return err
		}
		if t.byAudio {
			if _, err := t.mux.WriteTables(); err != nil {
				return err
			}
		}
		au = append(au, t.config.sets...)
	}
	_, hevc := t.video.Codec.(*codecs.H265)
	if hevc != (p.codec == flv.HEVC) {
		return invalid("the stream's video changes its codec, which is not written as MPEG-TS here; write FLV")
	}
	for _, n := range t.config.split(p.data) {
		// The writer puts a delimiter of its own first.
		if hevc && n[0]>>1&0x3f != 35 || !hevc && n[0]&0x1f != 9 {
			au = append(au, n)
		}
	}
	if len(au) == 0 {
		return nil
	}
	if hevc {
		return t.mux.WriteH265(t.video, pts, dts, au)
	}
	return t.mux.WriteH264(t.video, pts, dts, au)
}

// Close writes what is left. It returns the error that an earlier call did, if one did.
func (t *TSWriter) Close() error {
	if t.closed {
		return t.err
	}
	t.closed = true
	err := t.finish()
	// What came before an error is to play as well.
	if flush := t.w.Flush(); err == nil {
		t.err = flush
	}
	return t.err
}
