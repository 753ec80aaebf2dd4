// Command publish publishes an FLV file as a live stream, again and again.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/superp2p/superp2p"
)

const usage = "usage: publish [-server URL] [-once] FILE APP/NAME[?key=KEY]"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "publish:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("publish", flag.ContinueOnError)
	server := flags.String("server", superp2p.DefaultServer, "URL of the superp2p server")
	once := flags.Bool("once", false, "end with the file")
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
	stream, err := superp2p.NewP2PNetStream(superp2p.Config{Server: *server})
	if err != nil {
		return err
	}
	defer stream.Close()
	stream.OnNetStatus(func(e superp2p.NetStatusEvent) { fmt.Fprintln(log, e.Info.Code, e.Info.Description) })
	for {
		if err := stream.Publish(flags.Arg(1), "live"); err != nil {
			return err
		}
		stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
		err := send(stream, flags.Arg(0))
		stop()
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil || *once:
			return err
		}
	}
}

// send writes a file to the stream, which takes it at the pace at which it plays.
func send(stream io.Writer, name string) error {
	file, err := os.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	// Hidden from io.Copy is that a File can do more than Read: it would be asked to write itself.
	_, err = io.Copy(stream, struct{ io.Reader }{file})
	return err
}
