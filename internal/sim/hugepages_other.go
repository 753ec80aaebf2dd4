//go:build !linux

package sim

// hugePages does nothing: there is no way to ask for large pages.
func hugePages(int) {}
