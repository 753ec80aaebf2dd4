// Package flashtest holds the tests of superp2p.swf in Ruffle, in Chromium: a program in Haxe that follows the interface document's
// example, for each kind of URL, and each way to fail.
package flashtest
