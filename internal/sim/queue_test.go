package sim

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestQueueOrder checks that events come tick by tick, those farther ahead than the wheel goes round too, and that within a
// tick they come in the order in which they were added, unless one was so far ahead.
func TestQueueOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type planned struct {
			tick int64
			name int
		}
		q, names := new(queue), make(map[int64]int) // by a time that no other event has
		var plan, got []planned
		add := func(ahead int64) {
			at := q.now + ahead
			for names[at] != 0 {
				at++
			}
			names[at] = len(plan) + 1
			plan = append(plan, planned{max(at>>tickBits, q.tick), names[at]})
			q.add(at, wake)
		}
		const near, end = 4 << tickBits, int64(20*slots) << tickBits
		ahead, far := rapid.Int64Range(0, near), rapid.Bool().Draw(t, "far")
		if far {
			ahead = rapid.OneOf(ahead, rapid.Int64Range(0, 3*slots<<tickBits))
		}
		for range rapid.IntRange(1, 40).Draw(t, "before") {
			add(ahead.Draw(t, "ahead"))
		}
		last := int64(0)
		for e := q.next(end); e != nil; e = q.next(end) {
			require.GreaterOrEqual(t, q.now, last)
			last = q.now
			got = append(got, planned{max(e.at>>tickBits, q.tick), names[e.at]})
			if len(plan) < 64 && rapid.Bool().Draw(t, "more") {
				add(ahead.Draw(t, "ahead"))
			}
		}
		slices.SortStableFunc(plan, func(a, b planned) int { return int(a.tick - b.tick) })
		require.Len(t, got, len(plan))
		for i := range plan {
			require.Equal(t, plan[i].tick, got[i].tick)
			if !far {
				require.Equal(t, plan[i].name, got[i].name)
			}
		}
	})
}
