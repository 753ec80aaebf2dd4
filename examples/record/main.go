// Command record records a channel in FLV files of a given length, and goes on when its source was away.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/superp2p/superp2p"
)

const usage = "usage: record [-server URL] [-every 1h] URL-OR-CHANNEL FOLDER"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("record", flag.ContinueOnError)
	server := flags.String("server", superp2p.DefaultServer, "URL of the superp2p server")
	every := flags.Duration("every", time.Hour, "length of each file")
	again := flags.Duration("again", 5*time.Second, "wait so long after a failure")
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
	if err := os.MkdirAll(flags.Arg(1), 0o755); err != nil {
		return err
	}
	stream, err := superp2p.NewP2PNetStream(superp2p.Config{Server: *server, Unpaced: true})
	if err != nil {
		return err
	}
	defer stream.Close()
	defer context.AfterFunc(ctx, func() { _ = stream.Close() })()
	stream.OnNetStatus(func(e superp2p.NetStatusEvent) { fmt.Fprintln(log, e.Info.Code, e.Info.Description) })
	for n := 1; ctx.Err() == nil; n++ {
		name := filepath.Join(flags.Arg(1), fmt.Sprintf("%s-%03d.flv", time.Now().UTC().Format("20060102-150405"), n))
		written, err := one(ctx, stream, flags.Arg(0), name, *every)
		fmt.Fprintln(log, name, written, "bytes")
		switch code := superp2p.CodeOf(err); {
		case code == "internal": // the disk is full, say
			return err
		case code != "" && code != "closed":
			select { // its source is away, or the server
			case <-time.After(*again):
			case <-ctx.Done():
			}
		}
	}
	return nil
}

// one records one file.
func one(ctx context.Context, stream *superp2p.P2PNetStream, target, name string, length time.Duration) (int64, error) {
	file, err := os.Create(name)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if err = stream.Play(target, nil); err != nil {
		return 0, err
	}
	if ctx.Err() != nil { // Close came before Play
		_ = stream.Close()
	}
	defer time.AfterFunc(length, func() { _ = stream.Close() }).Stop()
	n, err := io.Copy(file, stream)
	if err == nil || superp2p.CodeOf(err) == "closed" {
		err = file.Close()
	}
	return n, err
}
