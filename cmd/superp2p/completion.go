package main

import (
	"github.com/alecthomas/kong"
	kongcompletion "github.com/jotaen/kong-completion"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown below the flags by --help.
func (completionCommand) Help() string {
	return "Examples:\n\n" +
		"  bash, in ~/.bashrc:                   source <(superp2p completion bash)\n" +
		"  zsh, in ~/.zshrc:                     source <(superp2p completion zsh)\n" +
		"  fish, in ~/.config/fish/config.fish:  superp2p completion fish | source"
}

// Run prints the script.
func (c completionCommand) Run(command *kong.Context) error {
	return (&kongcompletion.Completion{Shell: c.Shell, Code: true}).Run(command)
}
