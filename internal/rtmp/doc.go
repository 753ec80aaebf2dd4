// Package rtmp speaks RTMP (Adobe's RTMP specification 1.0, and enhanced RTMP, whose bodies it passes on unread) as far
// as live streams need it: a client that plays, a client that publishes, and a server that accepts both.
//
// Handshake, chunks and AMF0 are those of github.com/bluenviron/gortmplib. Its decoded messages (package message) are
// not used, because they are encoded again, and refuse what they do not know: here the bodies of audio, video and data
// messages stay what was sent, bit for bit, and a message of an unknown kind is skipped. Everything is limited: sizes,
// what incomplete messages hold, connections, times.
//
// What gortmplib 1.0.0 does not accept, so that the connection ends with an error:
//   - chunk stream IDs above 63 (RTMP 1.0, 5.3.1.1, allows up to 65599);
//   - a chunk stream whose first chunk is of format 1, without a timestamp to add to: librtmp sends so when its first
//     control message is the answer to a ping, which this package never asks for;
//   - a message given up for another on the same chunk stream without Abort;
//   - messages and chunks above 10 MiB: of a Limits.MaxTag above that no more is used. A larger chunk size is taken for
//     10 MiB. Chunk sizes below 128 this package refuses (see minChunk).
//
// What it takes differently from the specification:
//   - Messages of format 3 directly after one of format 0 have its timestamp; 5.3.1.2.4 says that the timestamp of the
//     first is the delta between them. ffmpeg sends so if a chunk stream begins with messages of one type and size,
//     at t, 2t, 3t …, t not zero: all arrive at t, and what follows on that chunk stream is as much too early.
//     H.264, HEVC, AV1 and AAC are not concerned, whose first message is a sequence header of another size, nor are
//     streams that begin at 0, nor ffmpeg's audio, which follows onMetaData on one chunk stream.
//   - Extended timestamps must be repeated in chunks of format 3 (5.3.1.3), as ffmpeg does; a sender that leaves them
//     out is not understood, mostly with an error.
//   - After Abort, the next message on the chunk stream must be of format 0 or 1, else its length is taken as zero.
//   - Its writer leaves repeated extended timestamps zero, hence outChunk.
//   - Message stream IDs are read and written big-endian, which is made good here.
//
// A Server and its methods are safe for concurrent use. A Client or a Publisher belongs to one goroutine, except for
// Close.
package rtmp
