package viewing

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/superp2p/superp2p/internal/fault"
)

const (
	// leastID and mostID are how long an id may be. 16 characters of 36 are more than can be guessed.
	leastID, mostID = 16, 64
	// memory is how long it is known how a viewing ended.
	memory = time.Minute
	// maxKnown is how many ids are known.
	maxKnown = 10_000
	// endPatience is how long who ends a viewing waits for how much was sent.
	endPatience = 2 * time.Second
)

// Registry knows the viewings of players that gave an id. Its zero value is empty.
type Registry struct {
	mu    sync.Mutex
	known map[string]*Viewing
	swept time.Time // when what is forgotten was looked for
}

// Begin takes note that a player asks for FLV by an id, "" if it has none. The context ends with ctx and when the player ends
// the viewing; Close must follow.
//
// Errors: fault.RequestInvalid for an id that cannot be one, or is used already; fault.Closed if the player has ended it before
// it began; fault.LimitReached.
func (r *Registry) Begin(ctx context.Context, id string) (*Viewing, context.Context, error) {
	v := &Viewing{state: "opening", done: make(chan struct{})}
	ctx, v.cancel = context.WithCancel(ctx)
	v.gone = ctx.Err
	if id == "" {
		return v, ctx, nil
	}
	err := r.add(id, v)
	if err != nil {
		v.cancel()
		return nil, ctx, err
	}
	return v, ctx, nil
}

func (r *Registry) add(id string, v *Viewing) error {
	if !valid(id) {
		return fault.New(fault.RequestInvalid, "an id of a viewing is 16 to 64 letters and digits; take random ones")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.known[id]; old != nil {
		if old.unused() {
			return fault.New(fault.Closed, "the player has ended it before it began")
		}
		return fault.New(fault.RequestInvalid, "a viewing of that id has begun already; take another id")
	}
	if err := r.room(); err != nil {
		return err
	}
	r.known[id] = v
	return nil
}

// room makes room for one id more; the mutex is held.
func (r *Registry) room() error {
	if r.known == nil {
		r.known = map[string]*Viewing{}
	}
	if len(r.known) < maxKnown {
		return nil
	}
	for id, v := range r.known {
		if v.forgotten(0) {
			delete(r.known, id)
		}
	}
	if len(r.known) >= maxKnown {
		return fault.New(fault.LimitReached, "as many players as can be known ask for FLV; try again later")
	}
	return nil
}

func valid(id string) bool {
	return len(id) >= leastID && len(id) <= mostID && strings.Trim(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// find returns the viewing of an id, nil if there is none; to end one that has not begun it is made.
func (r *Registry) find(id string, end bool) *Viewing {
	if !valid(id) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if now := time.Now(); now.Sub(r.swept) > memory/4 {
		r.swept = now
		for known, v := range r.known {
			if v.forgotten(memory) {
				delete(r.known, known)
			}
		}
	}
	v := r.known[id]
	if v == nil && end && r.room() == nil {
		v = &Viewing{state: "ended", done: make(chan struct{}), cancel: func() {}, closed: time.Now(), never: true}
		close(v.done)
		r.known[id] = v
	}
	return v
}
