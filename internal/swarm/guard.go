package swarm

import "time"

// guard is how long before its deadline a slice is taken from the server. It is short at first and then grows little by
// little, so that what is not urgent does not come in the way of what is.
func (e *Engine) guard(settled bool) time.Duration {
	guard := e.policy.Guard(e.playout.delay)
	took := e.server.took
	if took == 0 {
		took = e.policy.YoungGuard
	}
	least := e.policy.YoungGuard
	if e.cfg.Live.Crowd {
		least = e.policy.YoungGuard * 3 / 5
	}
	young := min(guard, max(least, took*5/4+50*time.Millisecond))
	switch {
	case e.playout.file == nil && e.fresh.greeted == 0 && e.now.Sub(e.sought) > aloneAfter:
		return guard // nobody will give it anything soon
	case !settled || !e.filled():
		return young
	}
	since := e.now.Sub(e.sought) - e.policy.Settle
	if e.playout.file == nil && since < 0 {
		return guard // it has its neighbours early
	}
	grown := min(1, max(0, since.Seconds()/guardGrows.Seconds()))
	return young + time.Duration(grown*float64(guard-young))
}

// aloneAfter is how long who has come may be without neighbours before it stops counting on them.
const aloneAfter = time.Second

// guardGrows is how long it takes until the guard is whole.
const guardGrows = 5 * time.Second

// tooLate is how long before its deadline no peer is asked for a slice any more: about as long as peers take.
func (e *Engine) tooLate() time.Duration {
	if !e.filled() {
		return e.hurry() // what is refused at once may still come from another
	}
	return min(e.hurry()+e.answers.slice, e.playout.delay/3, e.policy.Guard(e.playout.delay))
}

// hurry is how long before its deadline a slice that a peer is sending is asked from the server as well, if it will
// not be here in time.
func (e *Engine) hurry() time.Duration {
	if !e.filled() {
		return max(e.server.took*5/2, 200*time.Millisecond) // the server is to be spared
	}
	return min(max(3*e.server.took, 250*time.Millisecond), e.policy.Guard(e.playout.delay)/2)
}

// margin is how long before its deadline a slice that a peer is sending should be here: so long a lost packet takes.
const margin = 100 * time.Millisecond
