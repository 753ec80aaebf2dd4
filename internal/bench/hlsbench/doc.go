// Command hlsbench measures a live HLS stream through superp2p side by side with p2p-media-loader on this machine:
//
//	go run ./internal/bench/hlsbench -superp2p bin/superp2p
//
// Each way to play is a run of its own, one after the other: the same film from the same origin, the same number of
// pages with hls.js in one Chromium, opened a second apart. Each page has a browser context of its own, so that pages share
// neither cache nor connections. With p2p-media-loader pages fetch from the origin and from each other, and meet at the
// tracker of a superp2p server (or of the npm bittorrent-tracker); with superp2p each page plays from a superp2p
// proxy of its own, or by the loader of the page SDK, from the origin, the server and other pages. The origin counts what
// it gives, and is believed; pages count stalls and how far they are behind live.
//
// It needs a built superp2p, Chromium, ffmpeg and the packages of test/npm (make tools). All traffic stays on loopback.
package main
