// Command restream plays a stream and publishes it again, at the same server or elsewhere.
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

const usage = "usage: restream [-server URL] URL-OR-CHANNEL APP/NAME[?key=KEY] (or rtmp://HOST/APP/NAME)"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "restream:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("restream", flag.ContinueOnError)
	server := flags.String("server", superp2p.DefaultServer, "URL of the superp2p server")
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
	config := superp2p.Config{Server: *server}
	in, err := superp2p.NewP2PNetStream(config)
	if err != nil {
		return err
	}
	out, err := superp2p.NewP2PNetStream(config)
	if err != nil {
		return err
	}
	defer in.Close()
	defer out.Close()
	defer context.AfterFunc(ctx, func() { _ = in.Close(); _ = out.Close() })()
	for name, stream := range map[string]*superp2p.P2PNetStream{"in": in, "out": out} {
		stream.OnNetStatus(func(e superp2p.NetStatusEvent) { fmt.Fprintln(log, name, e.Info.Code, e.Info.Description) })
	}
	if err := in.Play(flags.Arg(0), nil); err != nil {
		return err
	}
	if err := out.Publish(flags.Arg(1), "live"); err != nil {
		return err
	}
	_, err = io.Copy(struct{ io.Writer }{out}, in)
	if ctx.Err() != nil {
		return nil
	}
	return err
}
