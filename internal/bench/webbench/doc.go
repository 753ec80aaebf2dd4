// Command webbench measures the page SDK in Chromium beside plain mpegts.js, on this machine and in one run:
//
//	go run ./internal/bench/webbench soak -duration 1h
//	go run ./internal/bench/webbench first-frame
//
// It puts a live FLV stream and a superp2p server on the air in its own process. Soak has one browser play it by P2PNetStream,
// with native peers beside it, and another one play the server's HTTP-FLV of the same channel: the processor time of a browser is
// that of all its processes, by kind and thread, so that the difference of the two is what the SDK costs, WebRTC included.
// First-frame opens the two in turn, each in a browser context of its own, through a way to the server that is limited in rate and
// long. It prints figures and judges none: who runs it knows what else the machine did.
//
// It needs the SDK (make sdk) and Chromium (make tools); processor time is read as Linux tells it. All traffic stays on this machine.
package main
