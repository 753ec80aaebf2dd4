// Package interop holds the tests of our tracker and tracker client against programs that are not ours: the npm
// packages bittorrent-tracker (in Node.js) and p2p-media-loader-core (in Chromium). They need what make tools
// installs, and fail without it.
package interop
