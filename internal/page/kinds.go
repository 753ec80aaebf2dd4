package page

// Input says what happened. Its byte is followed by the fields in brackets.
type Input byte

// The kinds of inputs.
const (
	// Tick [] lets time pass. It is due at the latest when the last State said.
	Tick Input = 1 + iota
	// LinkOpened [link, 20 bytes of peer id]: a link is ready for messages. The page numbers links from 1 on, one after the
	// other, and never uses a number again.
	LinkOpened
	// LinkClosed [link]: the transport lost it.
	LinkClosed
	// Message [link, bytes] came.
	Message
	// Drained [link, bytes that wait in the transport].
	Drained
	// Fetched [number, bytes]: the server's answer to a Fetch, all of it or the part that Fetch asked for.
	Fetched
	// FetchFailed [number, swarm.FetchError].
	FetchFailed
	// Read [number, count, eager flag]: somebody reads a file there. Slices that are here come as Slice, up to count from number
	// on; if number itself is not, Kept tells when it is.
	Read
	// Proved [number, proof bytes, payload]: what an origin gave of a file or playlist, with the server's proof of it.
	Proved
	// SwarmSize [viewers].
	SwarmSize
	// SetUpload [flag].
	SetUpload
	// SetDownload [flag].
	SetDownload
	// SetMaxBytes [bytes].
	SetMaxBytes
	// Reposition [live, as in Open; of a file the clock offset only]: the server's answer after Lost, on the same track.
	Reposition
	// Seek [ms] goes on playing a file there.
	Seek
	// Hold [flag] stops the clock of a file's player, and lets it run.
	Hold
	// Leave [] says goodbye to all peers. Nothing happens afterwards.
	Leave
	// Restore [number, frame]: a slice that the page had before the engine was there.
	Restore
	// Stats [] asks for the counts.
	Stats
)

// Output says what is to be done, or what is. Its byte is followed by the fields in brackets.
type Output byte

// The kinds of outputs.
const (
	// Send [link, bytes] as one message.
	Send Output = 1 + iota
	// Disconnect [link, bar flag, text why; empty where the peer did nothing wrong].
	Disconnect
	// Fetch [number, wait ms, copies, offset, head, size, group, start, total]: ask the server. Where head is not 0 the proof is here:
	// only the payload from offset on is needed, of size in all, which in the server's answer begins at head. group is that of the
	// proof, which speaks of total bytes; those of the slice begin at start.
	Fetch
	// CancelFetch [number].
	CancelFetch
	// Deliver [number, group, time ms, duration ms, flags, payload or nothing] is played next, and now.
	Deliver
	// Started [].
	Started
	// Stalled [].
	Stalled
	// Resumed [ms that it stalled].
	Resumed
	// Ended []: the last slice was delivered.
	Ended
	// Lost []: resolve again.
	Lost
	// Kept [number, group, payload or nothing]: it is here and proved, of a file or live playlist. Payload comes with the latter.
	Kept
	// Slice [number, payload] answers Read.
	Slice
	// State [ms until the next Tick, peers wanted as zigzag, accepts flag, position] ends each answer.
	State
	// Counts [as many numbers as there are names in StatNames, after how many they are].
	Counts
	// Refused [number, reason byte]: what was Fetched, Proved or Restored is not used.
	Refused
)

// Reasons of Refused.
const (
	Unreadable = 1 // the server broke the format
	Differs    = 2 // the origin's bytes are others than those proved
	Unproved   = 3 // a restored slice is not proved
)

// Limits of what a page may say.
const (
	maxNumber = 1 << 48
	maxMillis = 1 << 42 // 139 years, so that sums of two fit a time.Duration
	maxClock  = 1 << 46 // ms since 1970
	maxLinks  = 1 << 20
	maxRun    = 256 << 10 // of one field of bytes
	maxGroups = 256 << 10
)
