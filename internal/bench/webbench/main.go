package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line.
type commands struct {
	FirstFrame firstFrameCommand `cmd:"" help:"Time to the first frame with a cold cache over a narrow way, beside plain mpegts.js."`
	Soak       soakCommand       `cmd:"" help:"Play for long: memory, connections and processor time, beside plain mpegts.js."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	command := kong.Parse(&commands{}, kong.Name("webbench"), kong.Description("Measures the page SDK in Chromium."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "webbench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}
