package main

import (
	"context"
	"errors"
)

type serveCommand struct{}

// Run serves until ctx ends.
func (serveCommand) Run(context.Context) error { return errors.New("serve is being built") }
