package swarm

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A lead moves deadlines, little by little after the start, and not when slices are delivered.
func TestALeadMovesDeadlinesOnly(t *testing.T) {
	now := time.UnixMilli(1e12)
	cfg := Config{Delay: 6 * time.Second, Lead: 2 * time.Second}
	var p playout
	p.start(&cfg, Live{Line: now.Add(-20 * time.Second), Edge: 79, EdgeTime: 19750 * time.Millisecond, Groups: []Group{{0, 0}, {56, 14 * time.Second}}}, now)
	due, deadline := p.due(70), p.deadline(70)
	require.Equal(t, due, deadline)
	for _, later := range []time.Duration{time.Second, 4 * time.Second, time.Minute} {
		p.follow(now.Add(later))
		require.Equal(t, min(later/2, cfg.Lead), p.player.Add(p.trackTime(70)).Sub(p.deadline(70)))
	}
}
