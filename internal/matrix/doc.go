// Package matrix holds only a test: every kind of source that a URL can name, played by three viewers at once, which must
// get the origin's bytes and most of them from each other. `make matrix` prints its table.
package matrix
