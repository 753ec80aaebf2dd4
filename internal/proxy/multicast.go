package proxy

import "github.com/superp2p/superp2p"

// multicastOf returns what the swarms of a stream, and of its sound if that is apart, gave and took, by the names of Flash's
// NetStreamMulticastInfo.
func multicastOf(streams ...*superp2p.Media) map[string]float64 {
	sum := map[string]float64{}
	for _, m := range streams {
		if m == nil {
			continue
		}
		i := m.MulticastInfo()
		for name, value := range map[string]float64{
			"sendDataBytesPerSecond": i.SendDataBytesPerSecond, "sendControlBytesPerSecond": i.SendControlBytesPerSecond,
			"receiveDataBytesPerSecond": i.ReceiveDataBytesPerSecond, "receiveControlBytesPerSecond": i.ReceiveControlBytesPerSecond,
			"bytesPushedToPeers": float64(i.BytesPushedToPeers), "fragmentsPushedToPeers": float64(i.FragmentsPushedToPeers),
			"bytesRequestedByPeers": float64(i.BytesRequestedByPeers), "fragmentsRequestedByPeers": float64(i.FragmentsRequestedByPeers),
			"bytesPushedFromPeers": float64(i.BytesPushedFromPeers), "fragmentsPushedFromPeers": float64(i.FragmentsPushedFromPeers),
			"bytesRequestedFromPeers": float64(i.BytesRequestedFromPeers), "fragmentsRequestedFromPeers": float64(i.FragmentsRequestedFromPeers),
			"sendControlBytesPerSecondToServer":   i.SendControlBytesPerSecondToServer,
			"receiveDataBytesPerSecondFromServer": i.ReceiveDataBytesPerSecondFromServer,
			"bytesReceivedFromServer":             float64(i.BytesReceivedFromServer),
			"fragmentsReceivedFromServer":         float64(i.FragmentsReceivedFromServer),
		} {
			sum[name] += value
		}
	}
	return sum
}
