package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/tracker"
)

// serve runs our tracker until standard input ends.
func serve(profile string) {
	if profile != "" {
		if f, err := os.Create(profile); err == nil && pprof.StartCPUProfile(f) == nil { //nolint:gosec // the caller's choice
			defer pprof.StopCPUProfile()
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "trackerbench:", err)
		os.Exit(1)
	}
	// The load has two settings of its own: nobody announces hundreds of times a second, to the same few peers.
	server := tracker.New(tracker.Config{
		Rate:   -1,
		Broker: tracker.NewMemory(tracker.MemoryConfig{MeetAgain: time.Nanosecond}),
	})
	go func() { _ = http.Serve(listener, server) }() //nolint:gosec // loopback, for seconds
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// commands returns how the two trackers are started.
func commands(o options) (ours, theirs []string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	if o.npm == "" {
		_, file, _, _ := runtime.Caller(0)
		o.npm = filepath.Join(filepath.Dir(file), "..", "..", "..", "test", "npm")
		if _, err := os.Stat(o.npm); err != nil { // built with -trimpath
			o.npm = filepath.Join("test", "npm")
		}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return nil, nil, errors.New("no Node.js here: call make tools")
	}
	if _, err := os.Stat(filepath.Join(o.npm, "node_modules", "bittorrent-tracker")); err != nil {
		return nil, nil, fmt.Errorf("the npm packages in %s are missing: call make tools", o.npm)
	}
	return []string{self, "-serve", "-cpuprofile", o.profile}, []string{node, filepath.Join(o.npm, "tracker-server.mjs")}, nil
}

// turn starts a tracker, puts it under load and returns what it answered and the CPU time its process took in all.
func turn(ctx context.Context, command []string, o options) (result, time.Duration, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return result{}, 0, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return result{}, 0, err
	}
	if err := cmd.Start(); err != nil {
		return result{}, 0, err
	}
	r, err := func() (result, error) {
		port, err := bufio.NewReader(stdout).ReadString('\n')
		if err != nil {
			return result{}, fmt.Errorf("the tracker does not start: %w", err)
		}
		return load(ctx, "127.0.0.1:"+strings.TrimSpace(port), o)
	}()
	_ = stdin.Close()
	if waitErr := cmd.Wait(); err == nil {
		err = waitErr
	}
	return r, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), err
}
