package main

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// The tags (Adobe, SWF File Format Specification 10) that are looked into here.
const (
	tagEnd         = 0
	tagSymbolClass = 76
	tagDoABC       = 82
)

// movie is a SWF file.
type movie struct {
	version byte
	head    []byte // frame size, frame rate and frame count, as they stand in the file
	tags    []tag
}

type tag struct {
	code int
	body []byte
}

var errNoSWF = errors.New("it is no SWF")

// maxMovie is how large a SWF may be unpacked, in bytes.
const maxMovie = 16 << 20

// parse reads a SWF, packed by zlib or not.
func parse(file []byte) (*movie, error) {
	if len(file) < 9 {
		return nil, errNoSWF
	}
	m := &movie{version: file[3]}
	body := file[8:]
	switch string(file[:3]) {
	case "FWS":
	case "CWS":
		r, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, err
		}
		if body, err = io.ReadAll(io.LimitReader(r, maxMovie)); err != nil {
			return nil, err
		}
	default:
		return nil, errNoSWF
	}
	if len(body) == 0 {
		return nil, errNoSWF
	}
	at := (5+4*int(body[0]>>3)+7)/8 + 4 // the rectangle takes five bits and four numbers of so many
	if at > len(body) {
		return nil, errNoSWF
	}
	m.head, body = body[:at], body[at:]
	for {
		if len(body) < 2 {
			return nil, errNoSWF
		}
		head := binary.LittleEndian.Uint16(body)
		code, size := int(head>>6), int(head&0x3f)
		body = body[2:]
		if size == 0x3f {
			if len(body) < 4 {
				return nil, errNoSWF
			}
			size, body = int(binary.LittleEndian.Uint32(body)), body[4:]
		}
		if code == tagEnd {
			return m, nil
		}
		if size > len(body) {
			return nil, errNoSWF
		}
		m.tags = append(m.tags, tag{code, body[:size]})
		body = body[size:]
	}
}

// bytes returns the file, packed.
func (m *movie) bytes() ([]byte, error) {
	body := bytes.Clone(m.head)
	for _, t := range m.tags {
		if len(t.body) < 0x3f {
			body = binary.LittleEndian.AppendUint16(body, uint16(t.code<<6|len(t.body)))
		} else {
			body = binary.LittleEndian.AppendUint16(body, uint16(t.code<<6|0x3f))
			body = binary.LittleEndian.AppendUint32(body, uint32(len(t.body)))
		}
		body = append(body, t.body...)
	}
	body = append(body, tagEnd, 0)
	file := binary.LittleEndian.AppendUint32([]byte{'C', 'W', 'S', m.version}, uint32(8+len(body)))
	var packed bytes.Buffer
	w, err := zlib.NewWriterLevel(&packed, zlib.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err = w.Write(body); err == nil {
		err = w.Close()
	}
	return append(file, packed.Bytes()...), err
}

// boot is how Haxe calls its own document class; four digits follow.
var boot = regexp.MustCompile(`boot_[0-9a-f]{4}`)

// adopt makes class the document class, and gives Haxe's own a name that is the same in each build.
func (m *movie) adopt(class string) error {
	found := false
	for i := range m.tags {
		t := &m.tags[i]
		t.body = boot.ReplaceAll(t.body, []byte("boot_"+strings.ToLower(class[:4])))
		if t.code != tagSymbolClass {
			continue
		}
		names, err := symbols(t.body)
		if err != nil {
			return err
		}
		b := binary.LittleEndian.AppendUint16(nil, uint16(len(names)))
		for _, s := range names {
			if s.id == 0 {
				s.class, found = class, true
			}
			b = binary.LittleEndian.AppendUint16(b, s.id)
			b = append(append(b, s.class...), 0)
		}
		t.body = b
	}
	if !found {
		return errors.New("the SWF names no document class")
	}
	return nil
}

// symbol is an entry of a SymbolClass tag; that of id 0 is the document class.
type symbol struct {
	id    uint16
	class string
}

func symbols(b []byte) ([]symbol, error) {
	if len(b) < 2 {
		return nil, errNoSWF
	}
	list := make([]symbol, binary.LittleEndian.Uint16(b))
	b = b[2:]
	for i := range list {
		end := -1
		if len(b) > 2 {
			end = bytes.IndexByte(b[2:], 0)
		}
		if end < 0 {
			return nil, fmt.Errorf("%w: its SymbolClass is cut", errNoSWF)
		}
		list[i] = symbol{binary.LittleEndian.Uint16(b), string(b[2 : 2+end])}
		b = b[2+end+1:]
	}
	return list, nil
}
