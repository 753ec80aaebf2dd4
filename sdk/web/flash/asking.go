//go:build js && wasm

package main

import (
	"context"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"unsafe"

	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/viewing"
)

// pageAsk has the page begin to answer a request, a question as JSON; pageGive gives a view's player FLV and tells whether it has
// enough for now; pageTell tells of a view that its head is there, or that it ended.
//
//go:wasmimport superp2p ask
func pageAsk(request int32, at unsafe.Pointer, size int32)

//go:wasmimport superp2p give
func pageGive(view int32, at unsafe.Pointer, size int32) int32

//go:wasmimport superp2p tell
func pageTell(view, what int32)

const (
	toldHead  = 1
	toldEnded = 2
)

// question is what the page is asked of a source.
type question struct {
	Source int32 `json:"source"`
	// What: read, of a live stream what comes next; bytes, of a file; list, a playlist; segment, of it, or something that it names.
	What   string `json:"what"`
	URL    string `json:"url,omitempty"`
	Offset int64  `json:"offset"`
	Length int64  `json:"length"`
	// Soon: the player holds little.
	Soon bool `json:"soon"`
}

type request struct {
	done chan struct{}
	data []byte
	err  error
}

// begin asks. The answer comes when done is closed.
func (q question) begin() *request {
	r := &request{done: make(chan struct{})}
	n := all.number()
	all.requests[n] = r
	b, _ := json.Marshal(q)
	pageAsk(n, unsafe.Pointer(unsafe.SliceData(b)), int32(len(b)))
	runtime.KeepAlive(b)
	return r
}

// ask asks and waits for the answer.
func (q question) ask(ctx context.Context) ([]byte, error) {
	r := q.begin()
	select {
	case <-r.done:
		return r.data, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// failure is a fault as JSON; Event is what NetStream tells of it.
type failure struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
	Event   string     `json:"event,omitempty"`
}

func faultOf(b []byte) error {
	f := failure{Code: fault.Internal, Message: "the page did not say why"}
	_ = json.Unmarshal(b, &f)
	return fault.New(f.Code, f.Message)
}

func failureOf(err error) failure {
	message := err.Error()
	if e, ok := errors.AsType[*fault.Error](err); ok {
		message = strings.TrimPrefix(message, string(e.Code)+": ")
	}
	return failure{fault.CodeOf(err), message, viewing.Event(err)}
}
