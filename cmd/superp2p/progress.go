package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

const (
	refreshEvery = 500 * time.Millisecond // on a terminal
	sparseEvery  = 10 * time.Second       // elsewhere: a log should not fill up
)

// progress shows a line that changes: in place on a terminal, now and then as a line of its own elsewhere.
type progress struct {
	w     io.Writer
	stop  chan struct{}
	ended sync.WaitGroup
	width int // of what is shown
}

// startProgress shows line() on w until end is called; nothing if it is not on.
func startProgress(w io.Writer, on bool, line func() string) *progress {
	p := &progress{w: w, stop: make(chan struct{})}
	if !on {
		return p
	}
	place := isTerminal(w)
	every := sparseEvery
	if place {
		every = refreshEvery
	}
	p.ended.Go(func() {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
			case <-p.stop:
				if place {
					p.show("")
				}
				return
			}
			if place {
				p.show(line())
			} else {
				_, _ = fmt.Fprintln(w, line())
			}
		}
	})
	return p
}

// show replaces what is shown. Blanks instead of escape sequences: old Windows consoles print those.
func (p *progress) show(line string) {
	width := utf8.RuneCountInString(line)
	_, _ = fmt.Fprintf(p.w, "\r%s%*s", line, max(0, p.width-width), "")
	if width == 0 {
		_, _ = fmt.Fprint(p.w, "\r")
	}
	p.width = width
}

// end stops and, on a terminal, wipes the line.
func (p *progress) end() {
	close(p.stop)
	p.ended.Wait()
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
