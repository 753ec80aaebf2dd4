//go:build !unix

package bench

import (
	"runtime/metrics"
	"time"
)

// cpuTime returns the Go runtime's own estimate of the CPU time that this process has taken; unlike the systems' count
// it leaves out what the kernel does for the process in other threads.
func cpuTime() time.Duration {
	sample := []metrics.Sample{{Name: "/cpu/classes/total:cpu-seconds"}, {Name: "/cpu/classes/idle:cpu-seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64 || sample[1].Value.Kind() != metrics.KindFloat64 {
		return 0
	}
	return time.Duration((sample[0].Value.Float64() - sample[1].Value.Float64()) * float64(time.Second))
}
