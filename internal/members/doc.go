// Package members lists the members of flash.net.NetStream that a P2PNetStream offers: how each is spelled in Go, in
// JavaScript and in ActionScript, how far it goes, and which test covers it. docs/netstream.md has its table; the tests
// of this package hold the list to the contract, the root package and the tests there are.
//
// The list is data; the functions may be called concurrently.
package members
