// Package object reads a file at an http or https URL by ranges, as edges and viewers do from a CDN (RFC 9110, section 14), and small
// objects such as playlists, segments and keys as a whole.
//
// What it returns are exactly the bytes that were asked for, of one and the same version of the file, or an error. It does not trust
// the answer: lengths, ranges, encodings and validators (ETag, Last-Modified, size) are compared with what was asked and with what
// came before. Lost connections, 429 and 5xx are tried again, from the byte reached.
//
// Every failure is a *fault.Error whose code says whether the URL, the network or the origin's answer is at fault. Neither messages
// nor logs hold a URL's path or query, which may be a secret.
//
// A Client and a File may be used concurrently. A stream of File.Sequential belongs to one goroutine, except for Close.
package object
