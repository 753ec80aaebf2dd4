// Command trackerbench measures our tracker side by side with the npm bittorrent-tracker server on this machine:
//
//	go run ./internal/tracker/trackerbench
//
// Each runs as a process of its own, in turns, under the same load: connections of one peer each that announce five
// offers again as soon as the tracker and enough peers have answered the last, and answer every offer they get. A response is a message
// that the tracker sends: answers to announces, relayed offers, relayed answers. The load comes from this process; on
// a machine with few cores it takes as much of them as our tracker does, and so slows our tracker more than the
// other; responses per CPU second of the server's process do not have that bias. Both are printed.
//
// It needs Node.js and the packages of test/npm (make tools). All traffic stays on loopback.
package main
