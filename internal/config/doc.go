// Package config is the operator's configuration: one struct whose tags define each key once for the YAML file, the
// environment (SUPERP2P_*), the command line and the help; and Load, which merges them with the precedence flag,
// environment, file, default, and refuses unknown keys and wrong types with the place where they stand.
//
// A Config is plain data. Load keeps no state and is safe to call from several goroutines.
package config
