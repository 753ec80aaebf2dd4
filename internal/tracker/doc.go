// Package tracker is a WebTorrent WebSocket tracker: it tells peers of one swarm how many they are and relays their
// WebRTC offers and answers. (Protocol: package message. No BEP describes it.)
//
// Against what other trackers of this protocol let happen:
//   - A peer_id belongs to the connection that announced it for as long as that is alive. Who announces it from
//     another connection is refused, unless the holder does not answer a ping.
//   - An answer is relayed only to who made the offer, once, for an offer that was handed to who answers.
//   - Identifiers are checked, and a scrape names its swarms: nobody can list them.
//   - Offers go to peers that the asker has not met lately, chosen at random among them, about half of them from its
//     own network if there are such.
//   - A connection that reads slowly is dropped when its queue is full; it never holds up another. One that sends
//     too much is read more slowly. Everything is bounded: connections, swarms, peers, messages, offers, queues.
//
// What a tracker keeps and relays goes through a Broker. Memory is the one for a single process.
//
// WebSocket library: gobwas/ws, for the handshake, masking and the frame's constants. Of the libraries tried it holds
// an idle connection in the least memory (6 KiB; lxzan/gws 12, coder/websocket 23), and it lets us own the buffers:
// all frames that one read brings are handled before the connection sleeps again, all messages that are due to a
// connection leave in one write. System calls are most of a tracker's work.
//
// A Server and a Memory are safe to use concurrently. Each connection has one goroutine of its own, and a second one
// while messages from others are written to it.
package tracker
