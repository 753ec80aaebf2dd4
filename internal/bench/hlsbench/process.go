package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// processes are the programs of a run.
type processes struct {
	all []*exec.Cmd
	log io.Writer
}

// start starts a program that listens on an address, and waits until it does.
func (p *processes) start(ctx context.Context, address string, command ...string) error {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // the caller's choice
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		return err
	}
	p.all = append(p.all, cmd)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%s does not listen on %s: %w", filepath.Base(command[0]), address, err)
		}
	}
}

// end ends what was started, the last first.
func (p *processes) end() {
	for i := len(p.all) - 1; i >= 0; i-- {
		_ = p.all[i].Process.Signal(os.Interrupt)
	}
	for _, cmd := range p.all {
		ended := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		ended.Stop()
	}
}

// freeAddress returns an address of loopback on which nothing listens.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close() //nolint:errcheck // nothing was said
	return l.Addr().String(), nil
}

// startServer starts a superp2p server that may pull from the origin, and returns its URL.
func (p *processes) startServer(ctx context.Context, program, origin string) (string, error) {
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	return "http://" + address, p.start(ctx, address, program, "serve", "--http", address, "--rtmp", "", "--stun", "",
		"--origins", origin, "--log-level", "warn")
}

// startProxy starts a superp2p proxy and returns its URL.
func (p *processes) startProxy(ctx context.Context, program, server string) (string, error) {
	address, err := freeAddress()
	if err != nil {
		return "", err
	}
	return "http://" + address, p.start(ctx, address, program, "proxy", "--listen", address, "--server", server,
		"--loopback")
}

// startNPMTracker starts the npm bittorrent-tracker and returns its WebSocket's URL, and what ends it.
func startNPMTracker(ctx context.Context, npm string) (string, func(), error) {
	node, err := exec.LookPath("node")
	if err != nil {
		return "", nil, errors.New("no Node.js here: call make tools")
	}
	cmd := exec.CommandContext(ctx, node, filepath.Join(npm, "tracker-server.mjs")) //nolint:gosec // the caller's choice
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	end := func() { _ = stdin.Close(); _ = cmd.Wait() }
	port, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		end()
		return "", nil, fmt.Errorf("the tracker does not start: %w", err)
	}
	return "ws://127.0.0.1:" + strings.TrimSpace(port), end, nil
}

// flow is what a superp2p proxy says of itself, and what a server does.
type flow struct {
	P2P    uint64 `json:"p2pBytes"`
	CDN    uint64 `json:"cdnBytes"`
	Upload uint64 `json:"uploadBytes"`
}

// ask gets JSON from an address.
func ask(ctx context.Context, url string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return json.NewDecoder(answer.Body).Decode(into)
}
