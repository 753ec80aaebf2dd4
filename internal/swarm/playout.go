package swarm

import (
	"time"

	"github.com/superp2p/superp2p/internal/slice"
)

// playout knows where playback is and when each slice is due.
//
// A slice of a live track is due when the configured delay has passed since it could be had at the live edge. The line
// is the wall time at which track time 0 was at the live edge; it is measured anew from what statements say of when
// they were cut, since the source's clock is not ours. A slice of a file is due when the player comes to it.
type playout struct {
	position slice.Number  // the next slice to deliver
	delay    time.Duration // as configured, or as much of it as a young stream leaves
	wanted   time.Duration // as configured
	base     time.Time     // wall time at which track time 0 is due: the line plus the delay, moved gently
	line     time.Time
	followed time.Time
	file     *File // nil: a live track

	// The newest slice of which a statement is known, and the mean duration of slices: what is newer is guessed.
	newest     slice.Number
	seen       slice.Number // the newest that a neighbour holds
	newestTime time.Duration
	newestEnd  time.Duration
	mean       time.Duration
	lines      []lineSample

	// The clock of a player that started when it got the first slice and never pauses.
	started   bool
	hold      time.Time // it need not start before
	player    time.Time // wall time at which it plays track time 0
	stalled   bool
	stalledAt time.Time
	ended     bool
	held      bool          // a file's player takes nothing: its clock stands still
	eager     bool          // a file's reader is no player
	hungry    bool          // a file's reader waits
	begun     time.Time     // when a live track was begun to be played
	mostLead  time.Duration // Config.Lead
	lead      time.Duration // as much of it as counts yet
	cushion   time.Duration // by how much a file's player has got ahead of its clock
	last      slice.Number  // the last slice of the track, if ended at the source
	hasLast   bool

	times timeline // of recent statements
}

// lineSample is where the line would be by one statement alone.
type lineSample struct {
	at   time.Duration // track time
	line time.Time
}

const (
	lineWindow = 10 * time.Second // of track time
	maxDrift   = 0.01             // of real time: how fast base follows the line
	minDelay   = 2 * time.Second  // where the window is still shorter than the delay
	sliceTime  = slice.MaxDuration
	maxCushion = 10 * time.Second
)

// start chooses the group to start with: the newest that is at least the delay behind the live edge. Where a stream
// is too young for that, the oldest, and the delay is what that leaves, minDelay at the least.
func (p *playout) start(cfg *Config, live Live, now time.Time) {
	rate := live.Rate
	if rate <= 0 {
		rate = 4
	}
	*p = playout{
		started: p.started, hold: p.hold, stalled: p.stalled, stalledAt: p.stalledAt,
		line: live.Line, delay: cfg.Delay, wanted: cfg.Delay, followed: now, begun: now, mostLead: cfg.Lead,
		newest: live.Edge, newestTime: live.EdgeTime,
		mean: time.Duration(float64(time.Second) / rate),
	}
	p.newestEnd = live.EdgeTime + p.mean
	p.times.set(live.Edge, live.EdgeTime)
	var at Group
	for i, g := range live.Groups {
		p.times.set(g.Number, g.Time)
		if i == 0 || g.Time <= now.Sub(live.Line)-cfg.Delay {
			at = g
		}
	}
	p.position = at.Number
	if age := now.Sub(live.Line) - at.Time; age < p.delay {
		p.delay = max(age, min(minDelay, p.delay))
	}
	p.base = p.line.Add(p.delay)
	p.player = now.Add(-at.Time)
}

// open sets playback up to begin at a file's track time at. Rules go by the delay, which a file does not have, as the time
// that a viewer likes to have in hand: without one nothing would ever be too late for a peer.
func (p *playout) open(cfg *Config, at time.Duration, now time.Time) {
	f := cfg.File
	*p = playout{
		file: f, delay: cfg.Delay, followed: now,
		hasLast: true, last: f.Slices - 1, newest: f.Slices - 1, seen: f.Slices - 1,
	}
	p.mean = f.Duration / time.Duration(f.Slices)
	p.playAt(f.group(at).Number, now)
}

// playAt goes on with slice n of a file, which is due at a time.
func (p *playout) playAt(n slice.Number, due time.Time) {
	p.position = n
	p.player = due.Add(-p.trackTime(n))
	p.base = p.player
}

// observe takes in what a proved statement says of the time. offset turns the edge's clock into ours.
func (p *playout) observe(s *slice.Statement, offset time.Duration) {
	if p.file != nil {
		return // all that counts is known
	}
	end := s.Time + s.Duration
	last := s.First + slice.Number(len(s.Entries)) - 1
	p.times.set(s.First, s.Time)
	p.times.set(last+1, end)
	if last > p.newest {
		if d := (end - p.newestEnd) / time.Duration(last-p.newest); d > 0 && d < 10*time.Second {
			p.mean += (d - p.mean) / 16
		}
		p.newest, p.newestTime, p.newestEnd = last, s.Time, end
	}
	if s.Flags&slice.Final != 0 {
		p.hasLast, p.last = true, last
	}
	line := s.Cut.Add(offset - end)
	if early := p.line.Sub(line); early > 0 {
		// The edge is further ahead than we knew: its source began with a burst of what was kept there. So we play
		// further behind than we meant to, which is welcome as far as the delay is not all there yet.
		p.line = line
		p.delay = min(p.wanted, p.delay+early)
	}
	p.lines = append(p.lines, lineSample{end, line})
	for len(p.lines) > 0 && p.lines[0].at <= p.newestEnd-lineWindow {
		p.lines = p.lines[1:] // most that are too old are found here
	}
	keep := 0
	for i := range p.lines {
		if l := &p.lines[i]; l.at > p.newestEnd-lineWindow {
			if keep != i {
				p.lines[keep] = *l
			}
			keep++
		}
	}
	p.lines = p.lines[:keep]
	if keep == 0 || p.lines[keep-1].at-p.lines[0].at < lineWindow/2 {
		return // too few to know better than the server's answer
	}
	p.line = p.lines[0].line
	for i := range p.lines {
		if l := &p.lines[i]; l.line.Before(p.line) {
			p.line = l.line
		}
	}
}

// follow moves base towards the line plus the delay.
func (p *playout) follow(now time.Time) {
	if !p.started || p.held { // it starts when it gets something
		at := now
		if at.Before(p.hold) {
			at = p.hold
		}
		p.player = at.Add(-p.trackTime(p.position))
	}
	if p.file != nil {
		// A player that waits although all is in time likes to have more in hand, and when what is played is not known
		// exactly. It gets ahead little by little, so that peers have the time to give what that takes.
		if more := now.Sub(p.followed) / 4; p.hungry && p.started && p.cushion < maxCushion {
			p.player, p.cushion = p.player.Add(-more), p.cushion+more
		}
		p.followed = now
		p.base = p.player
		return
	}
	p.lead = min(p.mostLead, now.Sub(p.begun)/2)
	step := time.Duration(float64(now.Sub(p.followed)) * maxDrift)
	p.followed = now
	off := p.line.Add(p.delay).Sub(p.base)
	if off < -sliceTime {
		p.base = p.base.Add(off) // giving out early what is here harms nobody
	} else {
		p.base = p.base.Add(max(-step, min(step, off)))
	}
	if p.started && !p.stalled && p.base.After(p.player) {
		p.base = p.player // the player does not wait for the sake of a longer delay
	}
}

// rebuffer starts the delay anew after the source itself was late: slice s, which playback waits for, was cut when it
// was already due. Playing on at once would leave no time to trade slices in.
func (p *playout) rebuffer(s *slice.Statement, offset time.Duration) {
	line := s.Cut.Add(offset - s.Time - s.Duration)
	if p.file != nil || p.base.Sub(line) > minDelay/4 {
		return
	}
	p.line, p.lines = line, nil
	p.delay = min(p.delay, minDelay)
	p.base = line.Add(p.delay)
}

// trackTime returns where slice n begins on the track, guessed where no statement said so: between the nearest that
// are known, or beyond them at the pace of the stream.
func (p *playout) trackTime(n slice.Number) time.Duration {
	if p.file != nil {
		return p.file.TimeOf(n)
	}
	if n > p.newest {
		return p.newestEnd + time.Duration(n-p.newest-1)*p.mean
	}
	if t, ok := p.times.get(n); ok {
		return t
	}
	below, above, low, high := n, n, time.Duration(-1), time.Duration(-1)
	for below > 0 && n-below < guessSpan && low < 0 {
		below--
		if t, ok := p.times.get(below); ok {
			low = t
		}
	}
	for above < p.newest && above-n < guessSpan && high < 0 {
		above++
		if t, ok := p.times.get(above); ok {
			high = t
		}
	}
	switch {
	case low >= 0 && high >= low:
		return low + (high-low)*time.Duration(n-below)/time.Duration(above-below)
	case low >= 0:
		return low + time.Duration(n-below)*p.mean
	case high >= 0:
		return high - time.Duration(above-n)*p.mean
	}
	return p.newestTime - time.Duration(p.newest-n)*p.mean
}

// knows tells whether the time of slice n is not guessed.
func (p *playout) knows(n slice.Number) bool {
	_, ok := p.times.get(n)
	return ok || p.file != nil
}

// guessSpan is how far a slice's time is guessed from those of others.
const guessSpan = 64

// timeline holds where the latest slices begin.
type timeline [timesKept]struct {
	number slice.Number // plus one; 0 where nothing is known
	at     time.Duration
}

const timesKept = 512

func (t *timeline) set(n slice.Number, at time.Duration) {
	place := &t[n%timesKept]
	place.number, place.at = n+1, at
}

func (t *timeline) get(n slice.Number) (time.Duration, bool) {
	place := &t[n%timesKept]
	return place.at, place.number == n+1
}

// due returns when slice n is to be delivered.
func (p *playout) due(n slice.Number) time.Time { return p.base.Add(p.trackTime(n)) }

// deadline returns when slice n must be here: when it is due, or when a player that started with an earlier slice has
// come to it, if that is later; and the lead before that.
func (p *playout) deadline(n slice.Number) time.Time {
	if p.player.After(p.base) {
		return p.player.Add(p.trackTime(n) - p.lead)
	}
	return p.base.Add(p.trackTime(n) - p.lead)
}

// availableAt returns when the edge has, or had, slice n cut.
func (p *playout) availableAt(n slice.Number) time.Time {
	return p.line.Add(p.trackTime(n) + p.mean)
}

// liveTime returns the track time that is at the live edge now.
func (p *playout) liveTime(now time.Time) time.Duration { return now.Sub(p.line) }

// delayAt returns how far behind the live edge the output is; 0 for a file.
func (p *playout) delayAt(now time.Time) time.Duration {
	if p.file != nil {
		return 0
	}
	return max(0, p.liveTime(now)-max(0, p.trackTime(p.position)))
}
