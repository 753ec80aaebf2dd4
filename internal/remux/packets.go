package remux

import (
	"bufio"
	"errors"
	"io"
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

// tables finds the PMT of the first program.
type tables struct {
	pids map[uint16]*table // the PAT's 0, and the PMT's once that is known
}

type table struct {
	sections
	count int // of packets of a section that have come
}

func newTables() *tables { return &tables{pids: map[uint16]*table{0: {}}} }

// has tells whether packets of that PID are tables' packets.
func (t *tables) has(pid uint16) bool { return t.pids[pid] != nil }

// add takes a packet and tells what the PMT names that it completes, if it does. Damaged tables are skipped: they come again.
func (t *tables) add(pid uint16, packet []byte) (streams []programStream, complete bool) {
	of := t.pids[pid]
	if of.count++; packet[1]&0x40 != 0 {
		of.count = 1
	}
	if of.count > maxSection {
		return nil, false
	}
	of.add(packet, func(section []byte) {
		switch {
		case pid == 0 && section[0] == tablePAT:
			programs(section, func(number, pmt uint16) {
				// Program 0 is the network's table. Of many programs, the first is read.
				if number > 0 && len(t.pids) == 1 && pmt != 0 {
					t.pids[pmt] = &table{}
				}
			})
		case pid != 0 && section[0] == tablePMT && !complete:
			streams, complete = streamsOf(section)
		}
	})
	return streams, complete
}
