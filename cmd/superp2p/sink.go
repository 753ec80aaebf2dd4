package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// sink is where play writes. Its Write returns errOutputDone when whoever looks has had enough.
type sink interface {
	io.WriteCloser
	counts() bool // whether what is written is kept or seen
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
		return fileSink{std.Out, "standard output"}, nil
	case c.Output != "":
		f, err := os.Create(c.Output)
		if err != nil {
			return nil, fmt.Errorf("the output cannot be created: %w", err)
		}
		return fileSink{f, c.Output}, nil
	default:
		return fileSink{io.Discard, ""}, nil
	}
}

// fileSink is a file or a pipe.
type fileSink struct {
	io.Writer
	name string
}

func (s fileSink) Write(b []byte) (int, error) {
	n, err := s.Writer.Write(b)
	if err != nil {
		err = fmt.Errorf("%s cannot be written; what is there until now is good: %w", s.name, err)
	}
	return n, err
}

func (s fileSink) counts() bool { return s.Writer != io.Discard }

// Close closes a file that we opened; that is when some systems say that a disk is full.
func (s fileSink) Close() error {
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
	if err != nil { // the player has closed its input: its window was closed, or it failed
		<-s.done
		if exit, ok := errors.AsType[*exec.ExitError](s.err); ok && exit.ExitCode() > 0 {
			return n, fmt.Errorf("the player failed: %w", s.err)
		}
		return n, errOutputDone
	}
	return n, nil
}

func (s *playerSink) counts() bool { return true }

// Close tells the player that the stream is over, and waits until it has shown the rest.
func (s *playerSink) Close() error {
	_ = s.WriteCloser.Close()
	<-s.done
	return nil
}
