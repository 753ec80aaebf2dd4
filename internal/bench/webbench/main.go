package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "webbench:", err)
		os.Exit(1) //nolint:gocritic // nothing is left to stop
	}
}

// run reads what is to be measured, and measures it.
func run(ctx context.Context, args []string) error {
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("webbench "+name, flag.ExitOnError)
	var measure func(context.Context) error
	switch name {
	case "soak":
		measure = newSoak(flags)
	case "first-frame":
		measure = newFirstFrame(flags)
	default:
		return fmt.Errorf("say what to measure: soak or first-frame, each of which takes -h")
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	return measure(ctx)
}
