// Package sim is a discrete-event simulator of an audience: it drives the engine of internal/swarm, the very code that
// viewers run, as internal/peer does, and simulates what is around it: links, the tracker, the server, people.
//
// Time is virtual and all chance comes from one seed: the same scenario and seed give the same figures, byte for byte.
// One goroutine runs a simulation; simulations share nothing.
//
// What is modelled, and how:
//
//   - A link is a reliable, ordered channel (a WebRTC data channel; SCTP, RFC 9260). Its messages pass the sender's
//     uplink and the receiver's downlink, each a queue that serves in order of coming, and half a round trip between.
//     Up- and downlinks are given by the payload that they carry: 90 bytes of headers (IP, UDP, DTLS, SCTP) for each
//     packet of 1,200, and what is lost and sent again, are on top of it.
//   - Loss hits packets at random, from viewers and from the server alike. It slows a link down to the rate of Mathis et
//     al. 1997, 1.22 · packet / (round trip · √loss), with a window's worth sent at once; a lost packet delays its
//     message, and those behind it, by a round trip and a quarter (fast retransmission), or two round trips and 20 ms if
//     it was a message's last (tail loss probe). Nothing is lost for good.
//   - Two viewers behind symmetric NATs do not reach each other, and those behind a firewall reach nobody.
//   - The tracker relays offers to members that the asker did not meet within 30 s, half of them of its region; a link
//     is open after the way of the offer and of its answer and five round trips (ICE, DTLS, SCTP).
//   - The server answers after the viewer's round trip to it, as fast as its own bandwidth, a lossy TCP connection and the
//     viewer's downlink allow. It holds requests for slices that are not cut yet and bounds copies as internal/edge does.
//   - Who closes the page says goodbye, half of the time; else its neighbours notice after ten seconds.
package sim
