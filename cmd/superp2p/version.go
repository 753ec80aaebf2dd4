package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

type versionCommand struct{}

// Help is shown below the flags by --help.
func (versionCommand) Help() string { return "Example:\n\n  superp2p version" }

// Run prints what the Go toolchain stamped into the binary.
func (versionCommand) Run(std stdio) error {
	version, commit := buildVersion()
	_, err := fmt.Fprintf(std.Out, "superp2p %s\ncommit %s\n%s %s/%s\n",
		version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}

func buildVersion() (version, commit string) {
	version, commit = "(devel)", "unknown"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, commit
	}
	if info.Main.Version != "" {
		version = info.Main.Version
	}
	changed := ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			changed = " with local changes"
		}
	}
	return version, commit + changed
}
