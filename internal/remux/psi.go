package remux

import "encoding/binary"

// Stream types of a PMT (ISO/IEC 13818-1, 2.4.4.9, and what others registered).
const (
	typeMPEG1Video = 0x01
	typeMPEG2Video = 0x02
	typeMPEG1Audio = 0x03
	typeMPEG2Audio = 0x04
	typeADTS       = 0x0f
	typeMPEG4Video = 0x10
	typeLATM       = 0x11
	typeMetadata   = 0x15
	typeH264       = 0x1b
	typeH265       = 0x24
	typeAC3        = 0x81
	typeDTS        = 0x82
	typeTrueHD     = 0x83
	typeSCTE35     = 0x86
	typeEAC3       = 0x87
	typeVC1        = 0xea
)

// Tags of descriptors.
const (
	tagRegistration = 0x05
	tagSubtitling   = 0x59
	tagAC3          = 0x6a
	tagEAC3         = 0x7a
)

const (
	tablePAT = 0
	tablePMT = 2
	// sectionHead is what a section has before its length counts, and sectionBody where what differs begins.
	sectionHead = 3
	sectionBody = 8
	crcSize     = 4
)

// programStream is a stream that a PMT names.
type programStream struct {
	kind        byte
	pid         uint16
	descriptors []byte
}

// descriptor returns the first descriptor of a tag, nil if there is none.
func (s *programStream) descriptor(tag byte) []byte {
	for d := s.descriptors; len(d) >= 2 && len(d) >= 2+int(d[1]); d = d[2+int(d[1]):] {
		if d[0] == tag {
			return d[2 : 2+int(d[1])]
		}
	}
	return nil
}

// sections puts the sections of one PID together.
type sections struct {
	begun   bool
	counter byte
	bytes   []byte
}

// add takes a packet and calls each with every section that it completes, if that is whole and undamaged.
func (s *sections) add(packet []byte, each func([]byte)) {
	counter := packet[3] & 0x0f
	if s.begun && counter == s.counter {
		return // the same again
	}
	if s.begun && counter != (s.counter+1)&0x0f {
		s.bytes = s.bytes[:0] // one is missing
	}
	s.begun, s.counter = true, counter
	data := packet[4:]
	if packet[3]&0x20 != 0 {
		if int(data[0])+1 > len(data) {
			return
		}
		data = data[1+int(data[0]):]
	}
	if packet[3]&0x10 == 0 || len(data) == 0 {
		return
	}
	if packet[1]&0x40 != 0 {
		n := int(data[0])
		if data = data[1:]; n > len(data) {
			s.bytes = s.bytes[:0]
			return
		}
		if len(s.bytes) > 0 {
			s.bytes = append(s.bytes, data[:n]...)
			s.take(each)
		}
		s.bytes, data = s.bytes[:0], data[n:]
	} else if len(s.bytes) == 0 {
		return
	}
	s.bytes = append(s.bytes, data...)
	s.take(each)
}

// take hands on what is complete.
func (s *sections) take(each func([]byte)) {
	for len(s.bytes) >= sectionHead && s.bytes[0] != 0xff {
		size := sectionHead + int(binary.BigEndian.Uint16(s.bytes[1:])&0x0fff)
		if len(s.bytes) < size {
			return
		}
		one := s.bytes[:size]
		if size >= sectionBody+crcSize && one[1]&0x80 != 0 && one[5]&1 != 0 && crcMPEG(one) == 0 { // for now, not for later
			each(one)
		}
		s.bytes = s.bytes[size:]
	}
	if len(s.bytes) > 0 && s.bytes[0] == 0xff {
		s.bytes = s.bytes[:0] // stuffing
	}
}

// programs calls each with the number and the PID of every program of a PAT.
func programs(section []byte, each func(number, pid uint16)) {
	for b := section[sectionBody : len(section)-crcSize]; len(b) >= 4; b = b[4:] {
		each(binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])&0x1fff)
	}
}

// streamsOf returns what a PMT names; false if it is damaged.
func streamsOf(section []byte) (list []programStream, ok bool) {
	b := section[sectionBody : len(section)-crcSize]
	if len(b) < 4 {
		return nil, false
	}
	n := int(binary.BigEndian.Uint16(b[2:]) & 0x0fff)
	if b = b[4:]; n > len(b) {
		return nil, false
	}
	for b = b[n:]; len(b) >= 5; {
		s := programStream{kind: b[0], pid: binary.BigEndian.Uint16(b[1:]) & 0x1fff}
		n := int(binary.BigEndian.Uint16(b[3:]) & 0x0fff)
		if b = b[5:]; n > len(b) {
			return nil, false
		}
		s.descriptors, b = append([]byte(nil), b[:n]...), b[n:]
		list = append(list, s)
	}
	return list, true
}

// crcMPEG is the check sum of sections (13818-1, annex A): 0 of one that ends with its own.
func crcMPEG(b []byte) uint32 {
	crc := ^uint32(0)
	for _, c := range b {
		crc ^= uint32(c) << 24
		for range 8 {
			if crc&(1<<31) != 0 {
				crc = crc<<1 ^ 0x04c11db7
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
