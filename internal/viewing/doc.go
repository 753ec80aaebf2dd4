// Package viewing sends FLV to Flash players, and knows how it goes. Flash's NetStream never says whether what it plays ended
// or failed, nor, in Ruffle, how far the bytes that it has reach, and there it cannot end a download. So a player that plays
// by an id (a random text of its own) can ask, with the same id, how its viewing is, and end it.
//
// What is sent is what such players need: an onMetaData with all that they look for, timestamps from 0, codecs that they know;
// and of a film not much more than is played.
//
// Servers and the proxy send it by HTTP (Stream.Pour); in a page, where there is none, it is given to who takes it (Stream.Send).
//
// A Registry is safe for concurrent use. A Viewing belongs to the request that it answers.
package viewing
