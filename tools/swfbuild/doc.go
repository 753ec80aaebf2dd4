// Command swfbuild makes superp2p.swf of the Haxe sources in sdk/flash/src. Haxe writes a document class of its own, sealed,
// with a name that differs from build to build; swfbuild makes class SuperP2P the document class, so that a program that has
// loaded the SWF finds content.stream, and gives the other a name that stays. It refuses what Flash Player 10.1 does not know.
package main
