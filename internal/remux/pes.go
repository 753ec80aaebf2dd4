package remux

// pes is a packetized elementary stream (ISO/IEC 13818-1, 2.4.3.6): it joins the payloads of packets to frames.
type pes struct {
	elementary
	max     int
	b       []byte // the packet until now
	want    int    // its length, 0 if it has no bound
	started bool
	counter byte // the continuity counter that came last
	counted bool
}

// elementary takes the payload of a PES packet. Times have 33 bits in 1/90,000 s.
type elementary interface {
	frame(pts, dts uint64, data []byte) error
}

// add takes one MPEG-TS packet.
func (p *pes) add(packet []byte) error {
	if packet[3]>>6 != 0 {
		return invalid("the MPEG-TS stream is scrambled; it needs the key of its broadcaster")
	}
	at := 4
	switch packet[3] >> 4 & 3 {
	case 1:
	case 3:
		at += 1 + int(packet[4])
	default:
		return nil // without payload
	}
	if at > tsPacket || packet[1]&0x80 != 0 {
		p.started = false
		return nil
	}
	if c := packet[3] & 0x0f; p.counted && c != (p.counter+1)&0x0f {
		if c == p.counter {
			return nil // sent twice
		}
		p.started = false // something is missing
	}
	p.counter, p.counted = packet[3]&0x0f, true
	if packet[1]&0x40 != 0 {
		if err := p.flush(); err != nil {
			return err
		}
		p.started, p.b, p.want = true, p.b[:0], 0
	}
	if !p.started {
		return nil
	}
	p.b = append(p.b, packet[at:]...)
	if len(p.b) > p.max+1<<10 {
		return invalid("a frame of the MPEG-TS stream has more than %d bytes; the stream is damaged or the limit too low", p.max)
	}
	if p.want == 0 && len(p.b) >= 6 {
		if n := int(p.b[4])<<8 | int(p.b[5]); n > 0 {
			p.want = 6 + n
		}
	}
	if p.want > 0 && len(p.b) >= p.want {
		return p.flush()
	}
	return nil
}

// incomplete tells whether the stream ended within a packet whose length is known.
func (p *pes) incomplete() bool { return p.started && p.want > len(p.b) }

// flush hands on the packet, if there is one that is whole. The data is valid only until the next packet.
func (p *pes) flush() error {
	b := p.b
	if !p.started || len(b) < 9 || len(b) < p.want {
		p.started = false
		return nil
	}
	p.started = false
	if p.want > 0 {
		b = b[:p.want]
	}
	// Start code, then '10' before the flags; packets without a header of this kind hold no media.
	if b[0] != 0 || b[1] != 0 || b[2] != 1 || b[6]>>6 != 2 {
		return nil
	}
	at := 9 + int(b[8])
	if at >= len(b) || b[7]&0x80 == 0 || b[8] < 5 {
		return nil
	}
	pts := stamp(b[9:])
	dts := pts
	if b[7]&0x40 != 0 && b[8] >= 10 {
		dts = stamp(b[14:])
	}
	return p.frame(pts, dts, b[at:])
}

// stamp reads the five bytes of a time stamp.
func stamp(b []byte) uint64 {
	return uint64(b[0]>>1&7)<<30 | uint64(b[1])<<22 | uint64(b[2]>>1)<<15 | uint64(b[3])<<7 | uint64(b[4]>>1)
}
