package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"

	"github.com/superp2p/superp2p/internal/config"
	"github.com/superp2p/superp2p/internal/server"
)

type serveCommand struct {
	Config      string `placeholder:"FILE" env:"SUPERP2P_CONFIG" type:"path" help:"YAML file with the same keys as the flags below."`
	PrintConfig bool   `help:"Print the resulting configuration as YAML, with the defaults, and exit."`

	Values config.Config `embed:""`
}

// Help is shown below the flags by --help.
func (serveCommand) Help() string {
	return "A flag wins over the environment (SUPERP2P_LIMITS_STREAMS for --limits-streams), that over the file.\n" +
		"docs/configuration.md describes every key.\n\nExamples:\n\n" +
		"  superp2p serve --channels live1=http://origin.example/live/1.flv\n" +
		"  superp2p serve --origins '*.cdn.example' --origins rtmp://origin.example/live/\n" +
		"  superp2p serve --config superp2p.yaml --log-level debug\n" +
		"  superp2p serve --print-config > superp2p.yaml\n" +
		"  ffmpeg -re -i clip.mp4 -c copy -f flv rtmp://127.0.0.1:1935/live/test"
}

// Run serves until ctx ends.
func (c serveCommand) Run(ctx context.Context, command *kong.Context, std stdio) error {
	values, err := config.Load(config.Sources{File: c.Config, Environ: os.Environ(), Flags: given(command)})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if c.PrintConfig {
		return config.Print(std.Out, values)
	}
	version, _ := buildVersion()
	log := newLogger(std.Err, values.Log)
	s, err := server.New(server.Config{Config: values, Logger: log, Version: version})
	if err != nil {
		return &exitError{exitUsage, err}
	}
	if err := s.Start(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(std.Err, "superp2p %s: player, status page and API at %s\n", version, s.URL())
	for name, addr := range map[string]string{"RTMP": s.RTMPAddr(), "STUN": s.STUNAddr()} {
		if addr != "" {
			log.Info("listening", "port", name, "address", addr)
		}
	}
	if s.RTMPAddr() != "" && values.PublishKey == "" {
		log.Info("anyone who reaches the RTMP port may publish; set publish_key to prevent it")
	}
	select {
	case <-ctx.Done():
		log.Info("shutting down")
		return s.Close()
	case err := <-s.Failed():
		_ = s.Close()
		return err
	}
}

// given returns the values of the flags on the command line, leaving out those that only have their defaults.
func given(command *kong.Context) map[string]any {
	flags := map[string]any{}
	for _, p := range command.Path {
		if p.Flag != nil {
			flags[p.Flag.Name] = p.Flag.Target.Interface()
		}
	}
	return flags
}

func newLogger(w io.Writer, c config.Log) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.Level)) // Load has checked it
	options := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
