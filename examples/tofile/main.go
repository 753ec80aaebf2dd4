// Command tofile plays a stream to an FLV file for a while.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"

	"github.com/superp2p/superp2p"
)

const usage = "usage: tofile [-server URL] [-for 10s] URL-OR-CHANNEL FILE"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "tofile:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("tofile", flag.ContinueOnError)
	server := flags.String("server", superp2p.DefaultServer, "URL of the superp2p server")
	length := flags.Duration("for", 0, "stop after so long; 0 is when the stream ends")
	flags.SetOutput(log)
	flags.Usage = func() {
		fmt.Fprintln(log, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 2 {
		return errors.New(usage)
	}
	file, err := os.Create(flags.Arg(1))
	if err != nil {
		return err
	}
	defer file.Close()

	stream, err := superp2p.NewP2PNetStream(superp2p.Config{Server: *server})
	if err != nil {
		return err
	}
	defer stream.Close()
	told := make(chan struct{})
	failed := sync.OnceFunc(func() { close(told) })
	stream.OnNetStatus(func(e superp2p.NetStatusEvent) {
		fmt.Fprintln(log, e.Info.Code, e.Info.Description)
		if e.Info.Level == "error" {
			failed()
		}
	})
	if err := stream.Play(flags.Arg(0), nil); err != nil {
		return err
	}
	if *length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, *length)
		defer cancel()
	}
	defer context.AfterFunc(ctx, func() { _ = stream.Close() })()
	n, err := io.Copy(file, stream)
	var failure *superp2p.Error
	switch {
	case superp2p.CodeOf(err) == "closed": // by us
		err = nil
	case errors.As(err, &failure): // its event comes apart from Read, and Close would drop it
		select {
		case <-told:
		case <-ctx.Done():
		}
	}
	fmt.Fprintf(log, "%d bytes, %.0f%% of them from peers\n", n, 100*stream.Stats().Offload)
	return errors.Join(err, file.Close())
}
