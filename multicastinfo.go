package superp2p

import (
	"time"

	"github.com/superp2p/superp2p/internal/peer"
)

// NetStreamMulticastInfo tells what the swarm gave and took, as flash.net.NetStreamMulticastInfo does. Fragments are
// slices, and media bytes their payload, which was proved and used. Pushed is what its holder offered, requested what was
// asked for without an offer. Rates are of the time since one was asked for at least a second before, and 0 the first
// time. Counts begin anew with each Play.
type NetStreamMulticastInfo struct {
	SendDataBytesPerSecond       float64 // media bytes a second sent to peers
	SendControlBytesPerSecond    float64 // bytes a second of all else sent to peers but proofs
	ReceiveDataBytesPerSecond    float64 // media bytes a second received, from peers and from the server
	ReceiveControlBytesPerSecond float64 // bytes a second of all else received from peers, and of proofs, the server's included

	BytesPushedToPeers        uint64 // media bytes sent to peers that took them when they were offered
	FragmentsPushedToPeers    uint64 // the same in slices that were sent to their end
	BytesRequestedByPeers     uint64 // media bytes sent to peers that asked for them
	FragmentsRequestedByPeers uint64 // the same in slices that were sent to their end

	BytesPushedFromPeers        uint64 // media bytes from peers that offered them
	FragmentsPushedFromPeers    uint64 // the same in slices that came whole
	BytesRequestedFromPeers     uint64 // media bytes from peers that were asked for them
	FragmentsRequestedFromPeers uint64 // the same in slices that came whole

	SendControlBytesPerSecondToServer   float64 // bytes a second sent to the server and its tracker
	ReceiveDataBytesPerSecondFromServer float64 // media bytes a second from the server
	BytesReceivedFromServer             uint64  // media bytes from the server
	FragmentsReceivedFromServer         uint64  // slices from the server; those of which a peer gave a part count too

	ReceiveDataBytesPerSecondFromIPMulticast float64 // 0: there is no IP multicast here
	BytesReceivedFromIPMulticast             uint64  // 0
	FragmentsReceivedFromIPMulticast         uint64  // 0
}

// multicastMeter makes NetStreamMulticastInfo of what a viewer counts. The zero value is of a play that begins.
type multicastMeter struct {
	samples []multicastSample // the first is what rates are measured from; at least multicastStep apart
	rates   multicastCounts   // as given last
}

const (
	multicastSpan = time.Second            // what rates are measured over, at least
	multicastStep = 100 * time.Millisecond // less is too short for a rate
)

// multicastCounts are the counts of which there are rates.
type multicastCounts struct {
	sentData, sentControl, gotData, gotControl, toServer, fromServer float64
}

type multicastSample struct {
	at     time.Time
	counts multicastCounts
}

// info returns what stands in s, with rates for the time now.
func (m *multicastMeter) info(now time.Time, s *peer.Stats) NetStreamMulticastInfo {
	rates := m.measure(now, &multicastCounts{
		sentData: float64(s.UploadBytes), sentControl: float64(s.ControlOut),
		gotData: float64(s.Media()), gotControl: float64(s.ControlIn + s.ProofBytes),
		toServer: float64(s.HTTPOut + s.TrackerOut), fromServer: float64(s.ServerBytes),
	})
	return NetStreamMulticastInfo{
		SendDataBytesPerSecond: rates.sentData, SendControlBytesPerSecond: rates.sentControl,
		ReceiveDataBytesPerSecond: rates.gotData, ReceiveControlBytesPerSecond: rates.gotControl,
		BytesPushedToPeers: s.UploadPushedBytes, FragmentsPushedToPeers: s.UploadPushedSlices,
		BytesRequestedByPeers:     s.UploadBytes - s.UploadPushedBytes,
		FragmentsRequestedByPeers: s.UploadSlices - s.UploadPushedSlices,
		BytesPushedFromPeers:      s.PushedBytes, FragmentsPushedFromPeers: s.PushedSlices,
		BytesRequestedFromPeers:             s.PeerBytes - s.PushedBytes,
		FragmentsRequestedFromPeers:         s.PeerSlices - s.PushedSlices,
		SendControlBytesPerSecondToServer:   rates.toServer,
		ReceiveDataBytesPerSecondFromServer: rates.fromServer,
		BytesReceivedFromServer:             s.ServerBytes, FragmentsReceivedFromServer: s.ServerSlices,
	}
}

// measure returns how fast the counts have grown.
func (m *multicastMeter) measure(now time.Time, c *multicastCounts) multicastCounts {
	for len(m.samples) > 1 && now.Sub(m.samples[1].at) >= multicastSpan {
		m.samples = m.samples[1:]
	}
	if len(m.samples) == 0 {
		m.samples = append(m.samples, multicastSample{now, *c})
		return multicastCounts{}
	}
	from := &m.samples[0]
	if took := now.Sub(from.at); took >= multicastStep {
		per := func(now, before float64) float64 { return max(now-before, 0) / took.Seconds() }
		m.rates = multicastCounts{
			per(c.sentData, from.counts.sentData), per(c.sentControl, from.counts.sentControl),
			per(c.gotData, from.counts.gotData), per(c.gotControl, from.counts.gotControl),
			per(c.toServer, from.counts.toServer), per(c.fromServer, from.counts.fromServer),
		}
	}
	if now.Sub(m.samples[len(m.samples)-1].at) >= multicastStep {
		m.samples = append(m.samples, multicastSample{now, *c})
	}
	return m.rates
}
