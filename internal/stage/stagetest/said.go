package stagetest

import (
	"bytes"
	"sync"
)

// Said keeps what several goroutines write, such as a program and its player. The zero value is empty.
type Said struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write implements io.Writer.
func (s *Said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.Write(b)
}

// String returns what was written.
func (s *Said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}
