//go:build js && wasm

package main

import (
	"bytes"
	"encoding/json"
	"net/url"
	"unsafe"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/film"
	"github.com/superp2p/superp2p/internal/hls"
)

// all is what the page's calls share. An exported function has no receiver, so it is the one variable of the package.
var all = module{requests: map[int32]*request{}, sources: map[int32]*source{}, views: map[int32]*view{}}

type module struct {
	in       []byte // the exchange buffer, which the page writes
	out      []byte // what the last call answered
	requests map[int32]*request
	sources  map[int32]*source
	views    map[int32]*view
	last     int32 // number that was given
}

func (m *module) number() int32 {
	m.last++
	return m.last
}

// largest is how large the exchange buffer may become, in bytes: a segment of HLS is the largest thing.
const largest = 65 << 20

// buffer returns where the page may write size bytes; nil if that is too much. It may move whenever it is asked for more.
//
//go:wasmexport superp2p_buffer
func buffer(size int32) unsafe.Pointer {
	if size < 0 || size > largest {
		return nil
	}
	if int(size) > len(all.in) || len(all.in) > 1<<20 && int(size) < len(all.in)/8 {
		all.in = make([]byte, max(int(size), 256<<10))
	}
	return unsafe.Pointer(unsafe.SliceData(all.in))
}

// answer ends a request: by the buffer's first size bytes, or, if it failed, by why, as JSON.
//
//go:wasmexport superp2p_answer
func answer(number, size, failed int32) {
	r := all.requests[number]
	delete(all.requests, number)
	if r == nil {
		return
	}
	b := bytes.Clone(all.in[:size])
	if failed != 0 {
		r.err = faultOf(b)
	} else {
		r.data = b
	}
	close(r.done)
}

// open begins a view of what the buffer's first size bytes say, as JSON (wish). It returns its number, 0 if that cannot be.
//
//go:wasmexport superp2p_open
func open(size int32) int32 {
	var w wish
	if json.Unmarshal(all.in[:size], &w) != nil || w.Source == 0 {
		return 0
	}
	n := all.number()
	all.views[n] = newView(n, w)
	return n
}

// more says that a view's player takes more.
//
//go:wasmexport superp2p_more
func more(number int32) {
	if v := all.views[number]; v != nil {
		v.player.more()
	}
}

// state answers how a view is, as JSON, and returns its size.
//
//go:wasmexport superp2p_state
func state(number int32) int32 {
	all.out = nil
	if v := all.views[number]; v != nil {
		all.out, _ = json.Marshal(v.viewing.State())
	}
	return int32(len(all.out))
}

// end ends a view. Its state stays until forget.
//
//go:wasmexport superp2p_end
func end(number int32) {
	if v := all.views[number]; v != nil {
		v.viewing.End()
		v.cancel()
	}
}

//go:wasmexport superp2p_forget
func forget(number int32) {
	end(number)
	delete(all.views, number)
}

// over says that nothing more comes of a source: why, as JSON, or, of no size, that it has ended.
//
//go:wasmexport superp2p_over
func over(number, size int32) {
	if s := all.sources[number]; s != nil {
		var why error
		if size > 0 {
			why = faultOf(all.in[:size])
		}
		s.finish(why)
	}
}

// drop forgets a source.
//
//go:wasmexport superp2p_drop
func drop(number int32) {
	if s := all.sources[number]; s != nil {
		s.finish(fault.New(fault.Closed, "it was closed"))
		s.drop()
		delete(all.sources, number)
	}
}

// choose answers which variant of a master playlist is played, as JSON: {"url", "audio"}, or a fault. The buffer has its URL, a line
// break and the playlist.
//
//go:wasmexport superp2p_choose
func choose(size int32) int32 {
	var a struct {
		URL   string `json:"url"`
		Audio string `json:"audio"`
	}
	list, err := parse(all.in[:size])
	if err == nil && list.Master == nil {
		err = fault.New(fault.SourceChanged, "the master playlist is none any more; play it again")
	}
	if err == nil {
		var v *hls.Variant
		if v, a.Audio, err = film.ChooseForFlash(list.Master); err == nil {
			a.URL = v.URI
		}
	}
	if err != nil {
		all.out, _ = json.Marshal(failureOf(err))
	} else {
		all.out, _ = json.Marshal(a)
	}
	return int32(len(all.out))
}

// output returns where the answer of the last call is, until the next one.
//
//go:wasmexport superp2p_output
func output() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(all.out)) }

// parse reads a URL, a line break and the playlist that is there.
func parse(b []byte) (*hls.Playlist, error) {
	at, text, _ := bytes.Cut(b, []byte{'\n'})
	base, err := url.Parse(string(at))
	if err != nil {
		return nil, fault.Wrap(fault.URLInvalid, "the playlist is at what is no URL; check the URL", err)
	}
	return hls.Parse(bytes.Clone(text), base, hls.Options{})
}

// main keeps the program alive: what is exported can be called only while it is.
func main() { select {} }
