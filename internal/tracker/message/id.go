package message

import "unicode/utf8"

// ID is an info_hash, peer_id or offer_id.
type ID [20]byte

const hexDigits = "0123456789abcdef"

// AppendID appends id as JSON.stringify writes it: a quoted string of 20 code points.
func AppendID(b []byte, id *ID) []byte {
	b = append(b, '"')
	for _, c := range id {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= 0x80:
			b = append(b, 0xC0|c>>6, 0x80|c&0x3F)
		case c >= 0x20:
			b = append(b, c)
		default:
			switch c {
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			case '\b':
				b = append(b, '\\', 'b')
			case '\f':
				b = append(b, '\\', 'f')
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
	}
	return append(b, '"')
}

// decodeID reads the inside of a valid JSON string as 20 code points ≤ U+00FF.
func decodeID(raw []byte, id *ID) bool {
	var out ID
	n := 0
	for i := 0; i < len(raw); n++ {
		if n == len(out) {
			return false
		}
		c := raw[i]
		switch {
		case c == '\\':
			c = raw[i+1]
			i += 2
			switch c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case 'u':
				r, ok := hex4(raw[i:])
				if !ok || r > 0xFF {
					return false
				}
				c = byte(r)
				i += 4
			}
		case c < utf8.RuneSelf:
			i++
		default:
			if c != 0xC2 && c != 0xC3 || i+1 >= len(raw) {
				return false
			}
			c = c<<6 | raw[i+1]&0x3F
			i += 2
		}
		out[n] = c
	}
	if n < len(out) {
		return false
	}
	*id = out
	return true
}
