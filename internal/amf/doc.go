// Package amf decodes and encodes script data: the name of a handler and its arguments in AMF0, as FLV tags of type 18
// and RTMP data messages carry them (onMetaData, onCuePoint, and whatever an application sends).
//
// It follows Adobe's "Action Message Format - AMF 0". Values become plain Go values, see Decode. AMF3 is refused, also
// where AMF0 switches to it. The decoder is our own because that of gortmplib, which internal/rtmp uses for commands,
// knows neither dates, long strings nor references, and bounds neither depth nor how much a few bytes can grow to.
//
// The functions may be called concurrently.
package amf
