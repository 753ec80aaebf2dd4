package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/superp2p/superp2p/internal/remux"
)

// sink is where play writes. Its Write returns errOutputDone when whoever looks has had enough.
type sink interface {
	io.WriteCloser
	written() int64 // how many bytes are kept or seen
}

// sink opens the output that the flags name.
func (c *playCommand) sink(ctx context.Context, std stdio) (sink, error) {
	switch {
	case c.Player != "":
		return openPlayer(ctx, c.Player, std)
	case c.Output == "-":
		if isTerminal(std.Out) {
			return nil, errors.New("-o - would write video to the terminal; redirect it, or use -o FILE or --player")
		}
		// A closed pipe is to be an error that we can report, not the end of the process.
		signal.Ignore(syscall.SIGPIPE)
		return &fileSink{Writer: std.Out, name: "standard output"}, nil
	case c.Output != "":
		f, err := os.Create(c.Output)
		if err != nil {
			return nil, fmt.Errorf("the output cannot be created: %w", err)
		}
		out := &fileSink{Writer: f, name: c.Output}
		switch strings.ToLower(filepath.Ext(c.Output)) {
		case ".mp4", ".m4v":
			return newRemuxSink(out, remux.NewMP4Writer(out)), nil
		case ".ts":
			return newRemuxSink(out, remux.NewTSWriter(out)), nil
		}
		return out, nil
	default:
		return &fileSink{Writer: io.Discard}, nil
	}
}

// fileSink is a file or a pipe.
type fileSink struct {
	io.Writer
	name string
	at   int64
	n    int64
}

func (s *fileSink) Write(b []byte) (int, error) {
	n, err := s.Writer.Write(b)
	if s.Writer != io.Discard {
		s.at += int64(n)
		s.n = max(s.n, s.at)
	}
	if err != nil {
		err = fmt.Errorf("%s cannot be written; what is there until now is good: %w", s.name, err)
	}
	return n, err
}

func (s *fileSink) written() int64 { return s.n }

// Seek lets a container complete its beginning.
func (s *fileSink) Seek(offset int64, whence int) (int64, error) {
	if f, ok := s.Writer.(*os.File); ok {
		at, err := f.Seek(offset, whence)
		if err == nil {
			s.at = at
		}
		return at, err
	}
	return 0, errors.ErrUnsupported
}

// Close closes a file that we opened; that is when some systems say that a disk is full.
func (s *fileSink) Close() error {
	if f, ok := s.Writer.(*os.File); ok && f != os.Stdout {
		if err := f.Close(); err != nil {
			return fmt.Errorf("%s cannot be written: %w", s.name, err)
		}
	}
	return nil
}

// playerSink is a player that reads from its standard input.
type playerSink struct {
	io.WriteCloser
	n    int64
	done chan struct{} // closed when the player has ended
	err  error         // then set
}

// openPlayer starts the player.
func openPlayer(ctx context.Context, name string, std stdio) (sink, error) {
	args := map[string][]string{
		"mpv":    {"--profile=low-latency", "--really-quiet", "-"},
		"vlc":    {"--quiet", "--play-and-exit", "-"},
		"ffplay": {"-hide_banner", "-loglevel", "error", "-autoexit", "-"},
	}[name]
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, fmt.Errorf("%s is not installed, or not in the PATH; install it, or use -o FILE: %w", name, err)
	}
	signal.Ignore(syscall.SIGPIPE)
	player := exec.CommandContext(ctx, path, args...)
	player.Stdout, player.Stderr = std.Err, std.Err
	in, err := player.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := player.Start(); err != nil {
		return nil, fmt.Errorf("%s cannot be started: %w", name, err)
	}
	s := &playerSink{WriteCloser: in, done: make(chan struct{})}
	go func() {
		s.err = player.Wait()
		close(s.done)
	}()
	return s, nil
}

func (s *playerSink) Write(b []byte) (int, error) {
	n, err := s.WriteCloser.Write(b)
	s.n += int64(n)
	if err != nil { // the player has closed its input: its window was closed, or it failed
		<-s.done
		if exit, ok := errors.AsType[*exec.ExitError](s.err); ok && exit.ExitCode() > 0 {
			return n, fmt.Errorf("the player failed: %w", s.err)
		}
		return n, errOutputDone
	}
	return n, nil
}

func (s *playerSink) written() int64 { return s.n }

// Close tells the player that the stream is over, and waits until it has shown the rest.
func (s *playerSink) Close() error {
	_ = s.WriteCloser.Close()
	<-s.done
	return nil
}
