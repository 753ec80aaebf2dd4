//go:build js && wasm

package main

import (
	"time"
	"unsafe"

	"github.com/superp2p/superp2p/internal/page"
)

// core is all that the page's calls share. An exported function has no receiver, so it is the one variable of the package.
var core struct {
	in       []byte // the exchange buffer, which the page writes
	out      []byte // what the last call of run answered
	sessions map[int32]*page.Session
	next     int32
}

// largest is how large the exchange buffer may become, in bytes: more than any input.
const largest = 16 << 20

// buffer returns where the page may write at least size bytes; nil if that is too much. It may move whenever it is asked for
// more than before.
//
//go:wasmexport superp2p_buffer
func buffer(size int32) unsafe.Pointer {
	if size < 0 || size > largest {
		return nil
	}
	if int(size) > len(core.in) {
		core.in = make([]byte, max(int(size), 64<<10, 2*len(core.in)))
	}
	return unsafe.Pointer(unsafe.SliceData(core.in))
}

// open begins a session of which the buffer's first size bytes say what it plays (page.Open), at now, Unix milliseconds. It
// returns a handle for the other functions, 0 if they are malformed.
//
//go:wasmexport superp2p_open
func open(size int32, now float64) int32 {
	if size < 0 || int(size) > len(core.in) {
		return 0
	}
	s := page.Open(at(now), core.in[:size])
	if s == nil {
		return 0
	}
	if core.sessions == nil {
		core.sessions = map[int32]*page.Session{}
	}
	core.next++
	core.sessions[core.next] = s
	return core.next
}

// run has a session take in the inputs in the buffer's first size bytes (page.Session.Run), and returns how many bytes of outputs
// there are; -1 if there is no such session or an input was malformed.
//
//go:wasmexport superp2p_run
func run(handle, size int32, now float64) int32 {
	s := core.sessions[handle]
	if s == nil || size < 0 || int(size) > len(core.in) {
		return -1
	}
	if core.out = s.Run(at(now), core.in[:size]); core.out == nil {
		return -1
	}
	return int32(len(core.out))
}

// output returns where the outputs of the last run are, until the next call of any function.
//
//go:wasmexport superp2p_output
func output() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(core.out)) }

// shut forgets a session.
//
//go:wasmexport superp2p_close
func shut(handle int32) {
	delete(core.sessions, handle)
	if core.out = nil; len(core.sessions) == 0 {
		core.in = nil
	}
}

func at(unixMillis float64) time.Time { return time.UnixMicro(int64(1000 * unixMillis)) }

// main keeps the program alive: what is exported can be called only while it is.
func main() { select {} }
