// Package fault is the catalogue of what can go wrong between a source and a viewer: one error type with stable
// codes, which travel over HTTP as JSON and reach applications as the reason of a NetStream.Play.Failed.
//
// Errors are values, safe to share. The package imports only errors, so that every layer may use it.
package fault

import "errors"

// Code names one kind of failure. Codes are stable: programs may compare them.
type Code string

// The codes, with what each means to who sees it.
const (
	URLInvalid        Code = "url_invalid"        // the text is no URL or channel id that can be played
	ChannelUnknown    Code = "channel_unknown"    // no channel or publisher of that name
	OriginNotAllowed  Code = "origin_not_allowed" // the server's configuration does not name this origin
	AddressPrivate    Code = "address_private"    // the origin resolves to a private address that is not named
	SourceUnreachable Code = "source_unreachable" // no connection to the origin
	SourceRefused     Code = "source_refused"     // the origin answered no (404, 403, NetStream.Play.StreamNotFound …)
	SourceTimeout     Code = "source_timeout"     // the origin accepted and then sent nothing playable in time
	SourceInvalid     Code = "source_invalid"     // what the origin sent is not what it claims to be
	SourceBusy        Code = "source_busy"        // the origin answered 429 or 5xx, also when asked again
	SourceChanged     Code = "source_changed"     // the file at the origin is not the one that was opened
	SourceUnranged    Code = "source_unranged"    // the origin does not answer ranges of a file
	SourceMaster      Code = "source_master"      // it is a master playlist: one of its variants is to be played
	SourceEnded       Code = "source_ended"       // the stream is over: its source says so, or says for long that it is not there
	SourceLost        Code = "source_lost"        // the source was lost in the middle of the stream and did not come back
	StreamBusy        Code = "stream_busy"        // somebody else publishes under that name
	PublishDenied     Code = "publish_denied"     // the publish key is wrong or publishing is off
	TrackUnknown      Code = "track_unknown"      // the server does not hold that track (any more): resolve again
	SliceNotYet       Code = "slice_not_yet"      // the slice is not cut yet: ask again
	SliceGone         Code = "slice_gone"         // the slice has left the window
	SliceEnough       Code = "slice_enough"       // as many copies of the slice went out as the request allows
	LimitReached      Code = "limit_reached"      // the server is configured not to hold more
	RequestInvalid    Code = "request_invalid"    // the request breaks the interface
	ConfigInvalid     Code = "config_invalid"     // a configuration value is unknown or of the wrong type
	ServerUnreachable Code = "server_unreachable" // no connection to the superp2p server
	ServerInvalid     Code = "server_invalid"     // the server's answer breaks the interface, or its proof is wrong
	NothingPlayable   Code = "nothing_playable"   // nothing playable arrived in time although the server answered
	Closed            Code = "closed"             // it was closed meanwhile
	NotSupported      Code = "not_supported"      // it has no meaning here: cameras, DRM, hardware decoding
	Internal          Code = "internal"           // our own mistake
)

// Error is a failure with its code and one sentence that says what happened and what to do next.
type Error struct {
	Code    Code
	Message string
	Err     error // the cause, or nil
}

// New returns an Error without a cause.
func New(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Wrap returns an Error with a cause, whose text Error appends.
func Wrap(code Code, message string, cause error) *Error {
	return &Error{Code: code, Message: message, Err: cause}
}

// Error returns "code: message (cause)".
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Err != nil {
		s += " (" + e.Err.Error() + ")"
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Is tells errors of the same code to be the same, so that errors.Is(err, &fault.Error{Code: …}) works.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// CodeOf returns the code of err or of what it wraps, "" for nil and Internal for any other error.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}
