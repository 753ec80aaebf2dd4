package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"

	"github.com/superp2p/superp2p/internal/config"
)

// commands is the command line. A new command is one line here and a file of its own with a Run method, which may
// take, in any order, a context.Context that ends on Ctrl-C and a stdio.
type commands struct {
	Serve      serveCommand      `cmd:"" help:"Run the server: edge, tracker, STUN, RTMP and status page."`
	Play       playCommand       `cmd:"" help:"Watch a stream as one of the peers."`
	Proxy      proxyCommand      `cmd:"" help:"Let any player on this machine play through P2P."`
	Demo       demoCommand       `cmd:"" help:"See it work on this machine: a live stream, a server and viewers."`
	Bench      benchCommand      `cmd:"" help:"Measure superp2p on this machine."`
	Sim        simCommand        `cmd:"" help:"Simulate an audience of thousands with the engine that viewers run."`
	Version    versionCommand    `cmd:"" help:"Show version, commit and Go version."`
	Completion completionCommand `cmd:"" help:"Print the tab completion script of a shell."`
}

// stdio is what a command reads and writes instead of os.Stdin, os.Stdout and os.Stderr.
type stdio struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit statuses that every command shares.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// exitError ends the program with a status of its own.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Whoever presses Ctrl-C twice does not want to wait for an orderly end.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], stdio{os.Stdin, os.Stdout, os.Stderr}))
}

// withDefault makes the help of a flag end with its default, where its own text does not speak of it.
func withDefault(v *kong.Value) string {
	text := kong.DefaultHelpValueFormatter(v)
	if v.HasDefault && v.Default != "" && !v.IsBool() && !strings.Contains(text, "default:") {
		text += " (default: " + v.Default + ")"
	}
	return text
}

// run is main without the process around it.
func run(ctx context.Context, args []string, std stdio) int {
	exited := -1 // kong ends the process after --help; here it ends run
	parser, err := kong.New(&commands{},
		kong.Name("superp2p"),
		kong.Description("Video whose viewers pass it on to each other.\n\n"+
			"  superp2p demo                      see it work on this machine\n"+
			"  superp2p serve --channels live1=http://origin.example/live/1.flv\n"+
			"  superp2p play live1                watch as one of the peers"),
		kong.Writers(std.Out, std.Err),
		kong.Exit(func(status int) {
			if exited < 0 {
				exited = status
			}
		}),
		kong.Vars(config.Vars()),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(std),
		kong.UsageOnError(),
		kong.ValueFormatter(withDefault),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
	)
	if err != nil {
		_, _ = fmt.Fprintln(std.Err, "superp2p:", err)
		return exitFailure
	}
	kongcompletion.Register(parser) // answers and exits when a shell asks for completions
	if exited >= 0 {
		return exited
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if exited >= 0 {
		return exited
	}
	if err != nil {
		_, _ = fmt.Fprintf(std.Err, "superp2p: %v\nsuperp2p --help shows how it is used\n", err)
		return exitUsage
	}
	err = command.Run()
	if exited >= 0 {
		return exited
	}
	if err == nil {
		return exitOK
	}
	_, _ = fmt.Fprintln(std.Err, "superp2p:", err)
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.status
	}
	return exitFailure
}
