// Command superp2p takes a live stream in, cuts and signs it, and lets its viewers pass it on to each other.
//
// Exit status: 0 done, 1 failure, 2 wrong usage (flags, arguments or configuration). A command with further ones
// names them in its help.
package main
