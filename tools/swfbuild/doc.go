// Command swfbuild makes superp2p.swf, and player.swf, which plays by it, of their Haxe sources. Haxe writes a document class of its own, sealed,
// with a name that differs from build to build; swfbuild makes ours, SuperP2P say, the document class, so that a program that has
// loaded the SWF finds content.stream, and gives the other a name that stays. Our class makes
// one of Haxe's, which sets up what arrays and texts of Haxe need. It refuses what Flash Player 10.1 does not know.
//
// For Ruffle it changes what Haxe cannot say: the types of setters, and assignments to slots of Ruffle's own classes (suitRuffle).
package main
