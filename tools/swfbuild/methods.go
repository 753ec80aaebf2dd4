package main

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// code is a file of bytecode, of which a few places can be changed (ActionScript Virtual Machine 2 Overview, section 4).
type code struct {
	pool
	whole   []byte
	spots   map[int]spot // of each method that of its return type
	classes []class
	bodies  map[int][]byte // of methods, in whole
}

type spot struct{ at, size int }

// class is what a class has: methods by their names.
type class struct {
	name             string
	setters, statics map[string]int
}

// at is where in the file it is.
func (c *code) at() int { return len(c.whole) - len(c.b) }

// readCode reads a file of bytecode after its constant pool was read.
func readCode(b []byte) (*code, error) {
	c := &code{pool: pool{b: b}, whole: b, spots: map[int]spot{}, bodies: map[int][]byte{}}
	c.read()
	for i, n := 0, c.count(); i < n && !c.cut; i++ {
		c.method(i)
	}
	for i := c.count(); i > 0; i-- { // metadata
		c.u30()
		for k := 2 * c.count(); k > 0; k-- {
			c.u30()
		}
	}
	n := c.count()
	for i := 0; i < n && !c.cut; i++ {
		c.instance()
	}
	for i := 0; i < n && !c.cut; i++ {
		c.u30()
		c.classes[i].statics = c.traits(1)
	}
	for i := c.count(); i > 0 && !c.cut; i-- { // scripts
		c.u30()
		c.traits(0)
	}
	for i := c.count(); i > 0 && !c.cut; i-- {
		c.body()
	}
	if c.cut || len(c.b) > 0 {
		return nil, errABC
	}
	return c, nil
}

func (c *code) method(i int) {
	params := c.count()
	from := c.at()
	c.u30()
	c.spots[i] = spot{from, c.at() - from}
	for range params {
		c.u30()
	}
	c.u30() // the name
	flags := c.u8()
	if flags&0x08 != 0 { // defaults
		for k := c.count(); k > 0; k-- {
			c.u30()
			c.u8()
		}
	}
	if flags&0x80 != 0 { // names of parameters
		for range params {
			c.u30()
		}
	}
}

func (c *code) instance() {
	name := at(c.locals, c.u30())
	c.u30()
	if c.u8()&0x08 != 0 { // a protected namespace
		c.u30()
	}
	for k := c.count(); k > 0; k-- { // interfaces
		c.u30()
	}
	c.u30()
	c.classes = append(c.classes, class{name: name, setters: c.traits(3)})
}

// traits reads traits and returns the methods of a kind: 1 methods, 3 setters.
func (c *code) traits(kind byte) map[string]int {
	found := map[string]int{}
	for k := c.count(); k > 0 && !c.cut; k-- {
		name, is := at(c.locals, c.u30()), c.u8()
		switch c.u30(); is & 0xf { // an id
		case 0, 6: // slot, constant
			c.u30()
			if c.u30() != 0 {
				c.u8()
			}
		default:
			method := c.u30()
			if is&0xf == kind {
				found[name] = method
			}
		}
		if is&0x40 != 0 {
			for m := c.count(); m > 0; m-- {
				c.u30()
			}
		}
	}
	return found
}

func (c *code) body() {
	method := c.u30()
	for range 4 {
		c.u30()
	}
	c.bodies[method] = c.skip(c.u30())
	for k := c.count(); k > 0; k-- { // exceptions
		for range 5 {
			c.u30()
		}
	}
	c.traits(0)
}

// u30 returns n in so many bytes, nil if it does not go into them.
func u30(n, size int) (b []byte) {
	for i := range size {
		more := byte(0x80)
		if i == size-1 {
			more = 0
		}
		b = append(b, byte(n&0x7f)|more)
		n >>= 7
	}
	if n > 0 {
		return nil
	}
	return b
}

// slotName is the name of a slot in Haxe, which has none for them.
var slotName = regexp.MustCompile(`^slot([1-9][0-9]?)$`)

// suitRuffle changes what the classes for Ruffle need that Haxe cannot say. Setters of RuffleNetStream get no return type, as Ruffle's own
// have none. In the functions fill… of RuffleFigures what is assigned to slot1, say, is assigned to the slot 1.
func (m *movie) suitRuffle() error {
	for _, t := range m.tags {
		if t.code != tagDoABC {
			continue
		}
		from := bytes.IndexByte(t.body[4:], 0) + 4 + 1
		c, err := readCode(t.body[from:])
		if err != nil {
			return err
		}
		for _, k := range c.classes {
			switch k.name {
			case "RuffleNetStream":
				for _, method := range k.setters {
					s := c.spots[method]
					copy(c.whole[s.at:], u30(0, s.size))
				}
			case "RuffleFigures":
				for name, method := range k.statics {
					if strings.HasPrefix(name, "fill") {
						if err := c.fill(c.bodies[method]); err != nil {
							return fmt.Errorf("%s: %w", name, err)
						}
					}
				}
			}
		}
	}
	return nil
}

// initProperty is what Haxe assigns to members of classes it does not make by.
const initProperty, setSlot = 0x68, 0x6d

func (c *code) fill(body []byte) error {
	found := 0
	for i, name := range c.locals {
		slot := slotName.FindStringSubmatch(name)
		if slot == nil {
			continue
		}
		size := 1
		for n := i; n > 0x7f; n >>= 7 {
			size++
		}
		assign := slices.Concat([]byte{initProperty}, u30(i, size))
		n, _ := strconv.Atoi(slot[1])
		switch bytes.Count(body, assign) {
		case 0:
		case 1:
			copy(body[bytes.Index(body, assign):], slices.Concat([]byte{setSlot}, u30(n, size)))
			found++
		default:
			return fmt.Errorf("%s is assigned to twice, or what looks like it is there", name)
		}
	}
	if found == 0 {
		return fmt.Errorf("no slot is assigned to")
	}
	return nil
}
