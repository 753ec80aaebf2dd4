package main

import (
	"bytes"
	"errors"
	"slices"
)

// name is one of the names in a SWF's constant pools that code refers to members and classes by.
type name struct{ space, local string }

var errABC = errors.New("the SWF's bytecode cannot be read")

// names returns all multinames of the SWF's constant pools, each with each package it may be in, in order.
func (m *movie) names() ([]name, error) {
	var all []name
	for _, t := range m.tags {
		if t.code != tagDoABC {
			continue
		}
		at := -1
		if len(t.body) > 4 {
			at = bytes.IndexByte(t.body[4:], 0)
		}
		if at < 0 {
			return nil, errABC
		}
		p := pool{b: t.body[4+at+1:]}
		list := p.read()
		if p.cut {
			return nil, errABC
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b name) int {
		return bytes.Compare([]byte(a.space+"\x00"+a.local), []byte(b.space+"\x00"+b.local))
	})
	return slices.Compact(all), nil
}

// pool reads the constant pool of an ABC file (Adobe, ActionScript Virtual Machine 2 Overview, section 4.3).
type pool struct {
	b      []byte
	cut    bool
	locals []string // of each multiname its name without a package
}

func (p *pool) skip(n int) []byte {
	if p.cut || n < 0 || n > len(p.b) {
		p.cut = true
		return make([]byte, max(0, min(n, 8)))
	}
	taken := p.b[:n]
	p.b = p.b[n:]
	return taken
}

func (p *pool) u8() byte { return p.skip(1)[0] }

// u30 reads a number of one to five bytes.
func (p *pool) u30() int {
	v := uint32(0)
	for shift := 0; shift < 35; shift += 7 {
		c := p.u8()
		v |= uint32(c&0x7f) << shift
		if c&0x80 == 0 {
			break
		}
	}
	return int(v)
}

// count reads how many entries follow; entry 0 is not written.
func (p *pool) count() int {
	n := p.u30()
	if n > len(p.b) {
		p.cut = true
		return 0
	}
	return n
}

// at returns entry i, the zero value if there is none.
func at[T any](list []T, i int) (v T) {
	if i < len(list) {
		v = list[i]
	}
	return v
}

func (p *pool) read() []name {
	p.skip(4) // the version
	for range 2 {
		for i := p.count(); i > 1; i-- { // int, uint
			p.u30()
		}
	}
	if n := p.count(); n > 1 { // double
		p.skip(8 * (n - 1))
	}
	texts := []string{""}
	for i := p.count(); i > 1; i-- {
		texts = append(texts, string(p.skip(p.u30())))
	}
	spaces := []string{""}
	for i := p.count(); i > 1; i-- {
		p.u8() // kind
		spaces = append(spaces, at(texts, p.u30()))
	}
	sets := [][]string{nil}
	for i := p.count(); i > 1; i-- {
		var set []string
		for k := p.count(); k > 0; k-- {
			set = append(set, at(spaces, p.u30()))
		}
		sets = append(sets, set)
	}
	var names []name
	p.locals = []string{""}
	for i := p.count(); i > 1; i-- {
		list := p.multiname(texts, spaces, sets)
		p.locals = append(p.locals, at(list, 0).local)
		names = append(names, list...)
	}
	return names
}

// multiname reads one entry (section 4.4.3).
func (p *pool) multiname(texts, spaces []string, sets [][]string) []name {
	switch p.u8() {
	case 0x07, 0x0d: // QName, of an attribute too
		space := at(spaces, p.u30())
		return []name{{space, at(texts, p.u30())}}
	case 0x0f, 0x10: // RTQName: the package is known when it runs
		return []name{{"", at(texts, p.u30())}}
	case 0x11, 0x12: // RTQNameL: both are
	case 0x09, 0x0e: // Multiname: in one of some packages
		local := at(texts, p.u30())
		var list []name
		for _, space := range at(sets, p.u30()) {
			list = append(list, name{space, local})
		}
		return list
	case 0x1b, 0x1c: // MultinameL
		p.u30()
	case 0x1d: // TypeName: Vector.<T>
		p.u30()
		for i := p.count(); i > 0; i-- {
			p.u30()
		}
	default:
		p.cut = true
	}
	return nil
}
