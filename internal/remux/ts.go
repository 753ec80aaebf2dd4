package remux

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/asticode/go-astits"
)

// tsPeriod is after how long the 33-bit times of MPEG-TS begin again: 26.5 hours.
const tsPeriod = time.Duration((1 << 33) * 100_000 / 9)

// tsReader reads MPEG-TS.
type tsReader struct {
	tags
	options Options
	packets packets
	tables  *tables
	streams map[uint16]*pes
	pidOf   [2]uint16 // of video and audio
	known   bool      // a PMT has come
	units   interleaver
	clock   tsClock
	names   []string // of what is not carried
	ended   error    // why no more packets come
	got     bool     // a frame has come
}

// NewTSReader returns a reader of MPEG-TS: H.264 and H.265, AAC in ADTS and MP3. Others are ignored. Frames before the
// first decoder configuration are left out. Of several programs the first is read. Where a stream is cut between two
// packets, MPEG-TS does not tell whether its last picture is whole.
func NewTSReader(r io.Reader, o Options) TagReader {
	t := &tsReader{options: o.withDefaults(), tables: newTables(), streams: map[uint16]*pes{}}
	t.packets.r = bufio.NewReaderSize(r, 64<<10)
	t.units.options = &t.options
	t.tags.wraps = tsPeriod
	t.tags.next = t.nextUnit
	return t
}

func (t *tsReader) nextUnit() (unit, error) {
	for {
		if u, ok := t.units.pop(t.ended != nil); ok {
			return u, nil
		}
		if t.ended != nil {
			return unit{}, t.ended
		}
		packet, err := t.packets.next()
		if err == nil {
			err = guard("the MPEG-TS stream", func() error { return t.add(packet) })
		}
		if err != nil {
			t.ended = t.finish(err)
		}
	}
}

// finish hands on what has come, and returns what to end with.
func (t *tsReader) finish(err error) error {
	cut := false
	for _, p := range t.streams {
		cut = cut || p.incomplete()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			if err := guard("the MPEG-TS stream", p.flush); err != nil {
				return err
			}
		}
	}
	switch {
	case !errors.Is(err, io.EOF):
		return err
	case !t.known:
		return invalid("the MPEG-TS stream has no program; check that the URL leads to a whole segment")
	case cut:
		return truncated(io.ErrUnexpectedEOF, "a frame")
	case !t.got:
		return uncarried("the MPEG-TS stream", t.names)
	}
	return err
}

func (t *tsReader) add(packet []byte) error {
	pid := uint16(packet[1]&0x1f)<<8 | uint16(packet[2])
	if t.tables.has(pid) {
		if packet[1]&0x80 != 0 || packet[3]>>6 != 0 {
			return nil
		}
		if pmt := t.tables.add(pid, packet); pmt != nil {
			return t.program(pmt)
		}
		return nil
	}
	if p := t.streams[pid]; p != nil {
		return p.add(packet)
	}
	return nil
}

// program takes a PMT: the first, or one that names other streams.
func (t *tsReader) program(pmt *astits.PMTData) error {
	if len(pmt.ElementaryStreams) > t.options.MaxTracks {
		return invalid("the MPEG-TS stream has %d tracks, more than the limit of %d", len(pmt.ElementaryStreams), t.options.MaxTracks)
	}
	var pids [2]uint16
	names := []string{}
	first := !t.known
	t.known = true
	for _, s := range pmt.ElementaryStreams {
		kind, name := 1, ""
		var e elementary
		switch s.StreamType {
		case astits.StreamTypeH264Video, astits.StreamTypeH265Video:
			kind, e = 0, &videoStream{ts: t, hevc: s.StreamType == astits.StreamTypeH265Video}
		case astits.StreamTypeADTS:
			e = &adtsStream{ts: t}
		case astits.StreamTypeMPEG1Audio, astits.StreamTypeMPEG2Audio:
			e = &mp3Stream{ts: t}
		default:
			name = streamName(s)
		}
		if name == "" && pids[kind] != 0 {
			name = [...]string{"another video track", "another audio track"}[kind]
		}
		if name != "" {
			names = append(names, name)
			if first {
				t.options.ignore(name)
			}
			continue
		}
		pids[kind] = s.ElementaryPID
		if t.streams[s.ElementaryPID] == nil || t.pidOf[kind] != s.ElementaryPID {
			t.streams[s.ElementaryPID] = &pes{elementary: e, max: t.options.MaxSample}
		}
	}
	if pids == [2]uint16{} {
		return uncarried("the MPEG-TS stream", names)
	}
	for kind, pid := range t.pidOf {
		if pid != 0 && pid != pids[kind] {
			delete(t.streams, pid)
		}
	}
	t.names, t.pidOf = names, pids
	t.units.expected = [2]bool{pids[0] != 0, pids[1] != 0}
	return nil
}

// dropAudio stops carrying audio that turned out to be none that FLV knows.
func (t *tsReader) dropAudio(name string) error {
	delete(t.streams, t.pidOf[1])
	t.pidOf[1], t.units.expected[1] = 0, false
	t.names = append(t.names, name)
	t.options.ignore(name)
	if t.pidOf[0] == 0 {
		return uncarried("the MPEG-TS stream", t.names)
	}
	return nil
}

func (t *tsReader) push(u unit) {
	t.got = true
	t.units.push(u)
}

func streamName(s *astits.PMTElementaryStream) string {
	switch s.StreamType {
	case astits.StreamTypeMPEG1Video:
		return "MPEG-1 video"
	case astits.StreamTypeMPEG2Video:
		return "MPEG-2 video"
	case astits.StreamTypeMPEG4Video:
		return "MPEG-4 Visual"
	case astits.StreamTypeAACLATMAudio:
		return "AAC in LATM"
	case astits.StreamTypeAC3Audio:
		return "AC-3"
	case astits.StreamTypeEAC3Audio:
		return "E-AC-3"
	case astits.StreamTypeDTSAudio:
		return "DTS"
	case astits.StreamTypeTRUEHDAudio:
		return "TrueHD"
	case astits.StreamTypeVC1Video:
		return "VC-1"
	case astits.StreamTypeMetadata:
		return "metadata"
	case astits.StreamTypeSCTE35:
		return "SCTE-35"
	}
	for _, d := range s.ElementaryStreamDescriptors {
		switch {
		case d.Registration != nil:
			id := d.Registration.FormatIdentifier
			return fmt.Sprintf("%q", string([]byte{byte(id >> 24), byte(id >> 16), byte(id >> 8), byte(id)}))
		case d.AC3 != nil:
			return "AC-3"
		case d.EnhancedAC3 != nil:
			return "E-AC-3"
		case d.Subtitling != nil:
			return "DVB subtitles"
		}
	}
	return fmt.Sprintf("stream type 0x%02x", uint8(s.StreamType))
}

// tsClock unwraps the 33-bit times of all streams of a program together.
type tsClock struct {
	begun bool
	last  int64
}

// at returns the time of a stamp, the one that is nearest to what came last.
func (c *tsClock) at(stamp uint64) int64 {
	if !c.begun {
		c.begun, c.last = true, int64(stamp)
		return c.last
	}
	d := (int64(stamp) - c.last) & (1<<33 - 1)
	if d >= 1<<32 {
		d -= 1 << 33
	}
	c.last += d
	return c.last
}
