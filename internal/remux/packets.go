package remux

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/asticode/go-astits"
)

const (
	tsPacket = 188
	syncByte = 0x47
	// maxGarbage is how many bytes without a packet are skipped before the stream is said to be none.
	maxGarbage = 256 << 10
	// maxSection is how many packets a table may take: its sections have at most 4 KiB.
	maxSection = 24
)

// packets reads MPEG-TS packets, skipping what is none.
type packets struct {
	r       *bufio.Reader
	skipped int
	any     bool
}

// next returns the next packet, which is valid until the next call; io.EOF at the end.
func (p *packets) next() ([]byte, error) {
	for {
		// A packet is one that is followed by another, or by the end.
		b, err := p.r.Peek(tsPacket + 1)
		switch {
		case len(b) > tsPacket && b[0] == syncByte && b[tsPacket] == syncByte,
			len(b) == tsPacket && b[0] == syncByte && errors.Is(err, io.EOF):
			p.skipped, p.any = 0, true
			_, _ = p.r.Discard(tsPacket)
			return b[:tsPacket], nil
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case len(b) <= tsPacket:
			return nil, p.end(len(b))
		}
		_, _ = p.r.Discard(1)
		if p.skipped++; p.skipped > maxGarbage {
			return nil, invalid("the bytes are no MPEG-TS; check that the URL leads to a .ts file or segment")
		}
	}
}

// end returns the error for an end with rest bytes too few for a packet.
func (p *packets) end(rest int) error {
	switch {
	case !p.any && p.skipped+rest == 0:
		return invalid("the MPEG-TS stream is empty; check its source")
	case !p.any:
		return invalid("the bytes are no MPEG-TS; check that the URL leads to a .ts file or segment")
	case rest > 0 || p.skipped > 0:
		return truncated(io.ErrUnexpectedEOF, "an MPEG-TS packet")
	}
	return io.EOF
}

// errPause ends the table parser's reading where it has nothing to read yet.
var errPause = errors.New("no more packets of tables")

// tables hands the packets of PAT and PMT to go-astits.
type tables struct {
	demuxer *astits.Demuxer
	packet  []byte
	pmts    map[uint16]int // the PIDs of PMTs, and the packets of a table that have come
	pat     int
}

func newTables() *tables {
	t := &tables{pmts: map[uint16]int{}}
	t.demuxer = astits.NewDemuxer(context.Background(), t, astits.DemuxerOptPacketSize(tsPacket))
	return t
}

// Read gives the parser the one packet that there is.
func (t *tables) Read(b []byte) (int, error) {
	if t.packet == nil {
		return 0, errPause
	}
	n := copy(b, t.packet)
	t.packet = nil
	return n, nil
}

// has tells whether packets of that PID are tables' packets.
func (t *tables) has(pid uint16) bool {
	_, ok := t.pmts[pid]
	return ok || pid == 0
}

// add takes a packet and returns the PMT that it completes, if it does. Damaged tables are skipped: they come again.
func (t *tables) add(pid uint16, packet []byte) *astits.PMTData {
	count := t.pat
	if pid != 0 {
		count = t.pmts[pid]
	}
	if count++; packet[1]&0x40 != 0 {
		count = 1
	}
	if pid == 0 {
		t.pat = count
	} else {
		t.pmts[pid] = count
	}
	if count > maxSection {
		return nil
	}
	t.packet = packet
	var pmt *astits.PMTData
	for {
		d, err := t.demuxer.NextData()
		if errors.Is(err, errPause) {
			return pmt
		}
		if err != nil {
			continue
		}
		if d.PMT != nil && pmt == nil {
			pmt = d.PMT
		}
		if d.PAT == nil {
			continue
		}
		for _, p := range d.PAT.Programs {
			// Program 0 is the network's table. Of many programs, the first is read.
			if _, known := t.pmts[p.ProgramMapID]; p.ProgramNumber > 0 && !known && len(t.pmts) == 0 {
				t.pmts[p.ProgramMapID] = 0
			}
		}
	}
}
