// Package superp2p plays video that its viewers pass on to each other: a P2PNetStream joins the swarm of a stream
// through a superp2p server and hands out what it plays as FLV.
//
//	stream, err := superp2p.NewP2PNetStream(superp2p.Config{Server: "http://127.0.0.1:8080"})
//	if err != nil { … }
//	defer stream.Close()
//	stream.OnNetStatus(func(e superp2p.NetStatusEvent) { log.Println(e.Info.Code, e.Info.Description) })
//	if err := stream.Play("http://live.example/1.flv", nil); err != nil { … }
//	_, err = stream.WriteTo(file)
//
// Who has a player of their own, a proxy or a loader of HLS segments say, opens a Media instead, which gives a stream as its
// container has it: see Open.
//
// The names are those of flash.net.NetStream (ActionScript 3 reference) in Go's spelling. All methods of a
// P2PNetStream may be called concurrently; only one goroutine at a time should read from it. Failures are *Error,
// whose Code is stable.
package superp2p
