package tracker

import (
	"math/rand/v2"
	"time"

	"github.com/superp2p/superp2p/internal/tracker/message"
)

// maxTries bounds the search for peers of a large swarm, or network, that were not met lately.
const maxTries = 8 * message.MaxOffers

// choose returns up to n peers for asker: first such as it has not met lately, half of n from its own network as far as
// there are such there; then such as it met longest ago, none that it met within MeetAgain.
// It appends to found, which is empty and has room.
func (m *Memory) choose(sh *shard, sw *swarm, asker *member, n int, now time.Time, found []*member) []*member {
	if n == 0 || len(sw.members) < 2 {
		return nil
	}
	if near := sw.networks[asker.network]; len(near) > 1 { // itself is there too
		half := (n + sh.rand.IntN(2)) / 2 // of an odd number, the smaller half or the larger
		for p := range shuffled(near, sh.rand) {
			if len(found) == half {
				break
			}
			if p != asker && !contains(found, p) && asker.lastMet(p).IsZero() {
				found = append(found, p)
			}
		}
	}
	var again []*member
	for p := range shuffled(sw.members, sh.rand) {
		if len(found) == n {
			return found
		}
		if p == asker || contains(found, p) {
			continue
		}
		switch last := asker.lastMet(p); {
		case last.IsZero():
			found = append(found, p)
		case now.Sub(last) >= m.cfg.MeetAgain && !contains(again, p):
			again = append(again, p)
		}
	}
	for len(found) < n && len(again) > 0 {
		oldest := 0
		for i, p := range again {
			if asker.lastMet(p).Before(asker.lastMet(again[oldest])) {
				oldest = i
			}
		}
		found = append(found, again[oldest])
		again[oldest] = again[len(again)-1]
		again = again[:len(again)-1]
	}
	return found
}

// shuffled yields members at random: each of a short list once, some of a long one, perhaps repeatedly.
func shuffled(members []*member, r *rand.Rand) func(func(*member) bool) {
	return func(yield func(*member) bool) {
		if len(members) > maxTries {
			for range maxTries {
				if !yield(members[r.IntN(len(members))]) {
					return
				}
			}
			return
		}
		var order [maxTries]uint8
		for i := range members {
			order[i] = uint8(i)
		}
		for i := range members { // Fisher and Yates, as far as it is needed
			j := i + r.IntN(len(members)-i)
			order[i], order[j] = order[j], order[i]
			if !yield(members[order[i]]) {
				return
			}
		}
	}
}

func contains(list []*member, p *member) bool {
	for _, q := range list {
		if p == q {
			return true
		}
	}
	return false
}
