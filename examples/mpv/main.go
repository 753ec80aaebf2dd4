// Command mpv plays a stream in mpv. Where it cannot be played through peers and server, mpv gets the CDN's URL.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"

	"github.com/superp2p/superp2p"
)

const usage = "usage: mpv [-server URL] [-player COMMAND] [-cdn URL] URL-OR-CHANNEL"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stderr); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "mpv:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, log io.Writer) error {
	flags := flag.NewFlagSet("mpv", flag.ContinueOnError)
	server := flags.String("server", superp2p.DefaultServer, "URL of the superp2p server")
	player := flags.String("player", "mpv --really-quiet", "player with its options; it is given a URL, or - for its input")
	cdn := flags.String("cdn", "", "URL that is played where the stream cannot be; what is played if that is a URL")
	flags.SetOutput(log)
	flags.Usage = func() {
		fmt.Fprintln(log, usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return errors.New(usage)
	}
	target := flags.Arg(0)
	if *cdn == "" && strings.Contains(target, "://") {
		*cdn = target
	}

	stream, err := superp2p.NewP2PNetStream(superp2p.Config{Server: *server})
	if err != nil {
		return err
	}
	defer stream.Close()
	stream.OnNetStatus(func(e superp2p.NetStatusEvent) { fmt.Fprintln(log, e.Info.Code, e.Info.Description) })
	if err := stream.Play(target, nil); err != nil {
		return err
	}
	command := strings.Fields(*player)
	show := func(what string) *exec.Cmd {
		c := exec.CommandContext(ctx, command[0], append(command[1:], what)...)
		c.Stdout, c.Stderr = log, log
		return c
	}
	watched := show("-")
	input, err := watched.StdinPipe()
	if err != nil {
		return err
	}
	if err := watched.Start(); err != nil {
		return err
	}
	played := make(chan error, 1)
	go func() {
		_, err := io.Copy(input, stream)
		_ = input.Close() // the player ends when it has shown all
		played <- err
	}()
	err = watched.Wait()
	_ = stream.Close()
	switch code := superp2p.CodeOf(<-played); {
	case ctx.Err() != nil:
		return nil
	case code == "" || code == "closed" || code == "internal": // the end of the stream, or of the player
		return err
	case *cdn == "":
		return errors.New("the stream cannot be played; give the CDN's URL with -cdn to play that instead")
	}
	return show(*cdn).Run()
}
