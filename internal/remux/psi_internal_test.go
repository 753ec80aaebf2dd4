package remux

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"
)

// section is a table's section with its check sum.
func section(table byte, body ...byte) []byte {
	b := []byte{table, 0xb0, byte(5 + len(body) + crcSize), 0, 1, 0xc1, 0, 0}
	b = append(b, body...)
	return binary.BigEndian.AppendUint32(b, crcMPEG(b))
}

// packetsOf puts bytes into packets of a PID, whose first begins a section after skip bytes.
func packetsOf(counter byte, skip int, b []byte) (list [][]byte) {
	for first := true; len(b) > 0; first = false {
		p := append(make([]byte, 0, tsPacket), syncByte, 0, 0, 0x10|counter&0x0f)
		if first {
			p[1] = 0x40
			p = append(p, byte(skip))
		}
		n := min(len(b), tsPacket-len(p))
		p, b = append(p, b[:n]...), b[n:]
		for len(p) < tsPacket {
			p = append(p, 0xff)
		}
		list = append(list, p)
		counter++
	}
	return list
}

func TestSectionsAreReadAcrossPackets(t *testing.T) {
	long := section(tablePMT, make([]byte, 240)...)
	two := append(section(tablePAT, 0, 1, 0xe1, 0), section(tablePAT, 0, 2, 0xe2, 0)...)
	damaged := section(tablePAT, 0, 1, 0xe1, 0)
	damaged[9] ^= 1
	later := section(tablePAT, 0, 1, 0xe1, 0)
	later[5] = 0xc0
	binary.BigEndian.PutUint32(later[len(later)-crcSize:], crcMPEG(later[:len(later)-crcSize]))
	same := packetsOf(0, 0, two)
	for name, c := range map[string]struct {
		packets [][]byte
		want    int
	}{
		"one over two packets": {packetsOf(3, 0, long), 1},
		"two in one":           {packetsOf(0, 0, two), 2},
		"damaged":              {packetsOf(0, 0, damaged), 0},
		"not of now":           {packetsOf(0, 0, later), 0},
		"twice the same":       {[][]byte{same[0], same[0]}, 2},
		"one is missing":       {packetsOf(0, 0, section(tablePMT, make([]byte, 245)...))[1:], 0},
		"pointer beyond":       {packetsOf(0, 200, two), 0},
	} {
		t.Run(name, func(t *testing.T) {
			var s sections
			got := 0
			for _, p := range c.packets {
				s.add(p, func([]byte) { got++ })
			}
			require.Equal(t, c.want, got)
		})
	}
}

func TestStreamsOfAProgram(t *testing.T) {
	body := []byte{0xe1, 0x00, 0xf0, 2, 0xee, 0, // PCR, a descriptor of the program
		typeH264, 0xe1, 0x01, 0xf0, 0,
		0x06, 0xe1, 0x02, 0xf0, 6, tagRegistration, 4, 'O', 'p', 'u', 's'}
	list, ok := streamsOf(section(tablePMT, body...))
	require.True(t, ok)
	require.Len(t, list, 2)
	require.Equal(t, uint16(0x101), list[0].pid)
	require.Equal(t, `"Opus"`, streamName(&list[1]))
	body[len(body)-7] = 99 // longer than there is
	_, ok = streamsOf(section(tablePMT, body...))
	require.False(t, ok)
}

func FuzzSections(f *testing.F) {
	f.Add(packetsOf(0, 0, section(tablePMT, make([]byte, 240)...))[0])
	f.Fuzz(func(_ *testing.T, b []byte) {
		if len(b) < tsPacket {
			return
		}
		var s sections
		for ; len(b) >= tsPacket; b = b[tsPacket:] {
			s.add(b[:tsPacket], func(one []byte) {
				programs(one, func(uint16, uint16) {})
				streamsOf(one)
			})
		}
	})
}
