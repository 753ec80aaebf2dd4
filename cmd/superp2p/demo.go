package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/demo"
)

const demoListen = "127.0.0.1:8080"

type demoCommand struct {
	Viewers  int           `default:"8" placeholder:"N" help:"How many watch. (default: ${default})"`
	Listen   string        `placeholder:"ADDR" help:"Address of the page and the server. (default: 127.0.0.1:8080, or the next port that is free)"`
	Delay    seconds       `default:"6s" placeholder:"TIME" help:"How far behind live they play, 2 to 30 s. (default: ${default})"`
	Bitrate  bitrate       `default:"2M" placeholder:"RATE" help:"Of the stream, in bit/s: 2M, 800k. (default: ${default})"`
	Duration time.Duration `placeholder:"TIME" help:"Stop after this time. (default: run until Ctrl-C)"`
	Verbose  bool          `short:"v" help:"Log what server and viewers do to standard error."`
}

// Help is shown below the flags by --help.
func (demoCommand) Help() string {
	return "A live stream, a server and viewers run in this process. The viewers are real peers: they find each other\n" +
		"through the server's tracker and pass the stream on over WebRTC, here on loopback. The page plays it, as one viewer\n" +
		"more; its status page shows the same as the terminal.\n\n" +
		"Example:\n\n  superp2p demo --viewers 20"
}

// Run runs the demo until ctx ends.
func (c *demoCommand) Run(ctx context.Context, std stdio) error {
	if c.Viewers < 1 || c.Viewers > 200 {
		return &exitError{exitUsage, errors.New("--viewers must be 1 to 200")}
	}
	version, _ := buildVersion()
	config := demo.Config{
		Viewers: c.Viewers, Listen: c.Listen, Delay: max(1, time.Duration(c.Delay)), Bitrate: int(c.Bitrate),
		Version: version,
	}
	if c.Verbose {
		config.Logger = slog.New(slog.NewTextHandler(std.Err, nil))
	}
	if c.Listen == "" {
		config.Listen = freePort(ctx)
		if config.Listen != demoListen {
			_, _ = fmt.Fprintf(std.Err, "%s is taken; %s instead\n", demoListen, config.Listen)
		}
	}
	d, err := demo.Start(ctx, config)
	if err != nil {
		return fmt.Errorf("the demo cannot start; another --listen may help: %w", err)
	}
	server := ""
	if !strings.HasSuffix(d.URL(), ":8080") {
		server = " --server " + d.URL()
	}
	_, _ = fmt.Fprintf(std.Out, "superp2p demo: a live stream, a server and %d viewers who pass it on to each other\n"+
		"  page   %s\n  flash  %s%s\n  watch  superp2p play demo%s --player ffplay\n  direct %s/live/demo.flv\nCtrl-C ends it.\n\n",
		c.Viewers, d.URL(), d.URL(), demo.FlashPath, server, d.URL())
	if c.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Duration)
		defer cancel()
	}
	showDemo(ctx, d, std.Out, !c.Verbose && canRedraw(std.Out))
	last := d.Status()
	if err := d.Close(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(std.Out, "\n%s", last.Summary())
	return err
}

// freePort returns the default address if its port is free, or else the next port that is.
func freePort(ctx context.Context) string {
	for port := 8080; port < 8100; port++ {
		address := "127.0.0.1:" + strconv.Itoa(port)
		if l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address); err == nil {
			_ = l.Close()
			return address
		}
	}
	return demoListen // and its error will be told
}

// showDemo shows the status until ctx ends: a table that refreshes, or lines.
func showDemo(ctx context.Context, d *demo.Demo, w io.Writer, redraw bool) {
	every := 5 * time.Second
	if redraw {
		every = time.Second
	}
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	lines := 0
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		s := d.Status()
		if !redraw {
			_, _ = fmt.Fprintln(w, s.Line())
			continue
		}
		table := s.Table()
		up := ""
		if lines > 0 {
			up = fmt.Sprintf("\x1b[%dA\x1b[J", lines)
		}
		_, _ = io.WriteString(w, up+table)
		lines = strings.Count(table, "\n")
	}
}

// canRedraw tells whether w is a terminal that understands cursor movement. Old Windows consoles do not.
func canRedraw(w io.Writer) bool {
	return isTerminal(w) && os.Getenv("TERM") != "dumb" && (runtime.GOOS != "windows" || os.Getenv("WT_SESSION") != "")
}
