package timeline_test

import (
	"testing"

	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/timeline"
)

// BenchmarkPlay is what a viewer does with each slice: append it and read it as FLV.
func BenchmarkPlay(b *testing.B) {
	headers, media := loop(0, 3000)
	e := newEdge(1)
	slices := append(e.push(append(headers, media...)...), e.flush()...)
	size := 0
	for _, s := range slices {
		size += len(s.Payload)
	}
	b.SetBytes(int64(size))
	b.ReportAllocs()
	buf := make([]byte, slice.MaxPayload)
	for b.Loop() {
		line := timeline.New(timeline.Config{})
		r := line.NewReader()
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				if _, err := r.Read(buf); err != nil {
					return
				}
			}
		}()
		for _, s := range slices {
			if err := line.Append(s); err != nil {
				b.Fatal(err)
			}
		}
		line.Close(nil)
		<-done
	}
}
