// Package conventions holds only tests: they check what no compiler or linter does for this repository, namely how
// packages and files are named, that each package says what it is for, and that the pages in docs are true.
package conventions
