// Package scenarios holds the audiences that superp2p sim knows by name, one YAML file each.
package scenarios

import "embed"

// Files are the scenarios.
//
//go:embed *.yaml
var Files embed.FS
