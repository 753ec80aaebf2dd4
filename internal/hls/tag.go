package hls

// The tags that are understood. All others are handed on and not looked into.
const (
	tagHeader          = "#EXTM3U"
	tagVersion         = "#EXT-X-VERSION"
	tagIndependent     = "#EXT-X-INDEPENDENT-SEGMENTS"
	tagStart           = "#EXT-X-START"
	tagDefine          = "#EXT-X-DEFINE"
	tagStreamInf       = "#EXT-X-STREAM-INF"
	tagMedia           = "#EXT-X-MEDIA"
	tagIFrame          = "#EXT-X-I-FRAME-STREAM-INF"
	tagImage           = "#EXT-X-IMAGE-STREAM-INF" // Roku's
	tagSessionData     = "#EXT-X-SESSION-DATA"
	tagSessionKey      = "#EXT-X-SESSION-KEY"
	tagSteering        = "#EXT-X-CONTENT-STEERING"
	tagInf             = "#EXTINF"
	tagTarget          = "#EXT-X-TARGETDURATION"
	tagSequence        = "#EXT-X-MEDIA-SEQUENCE"
	tagDiscSequence    = "#EXT-X-DISCONTINUITY-SEQUENCE"
	tagPlaylistType    = "#EXT-X-PLAYLIST-TYPE"
	tagEndList         = "#EXT-X-ENDLIST"
	tagIFramesOnly     = "#EXT-X-I-FRAMES-ONLY"
	tagMap             = "#EXT-X-MAP"
	tagKey             = "#EXT-X-KEY"
	tagByteRange       = "#EXT-X-BYTERANGE"
	tagDiscontinuity   = "#EXT-X-DISCONTINUITY"
	tagGap             = "#EXT-X-GAP"
	tagDateTime        = "#EXT-X-PROGRAM-DATE-TIME"
	tagDateRange       = "#EXT-X-DATERANGE"
	tagPart            = "#EXT-X-PART"
	tagPartInf         = "#EXT-X-PART-INF"
	tagServerControl   = "#EXT-X-SERVER-CONTROL"
	tagSkip            = "#EXT-X-SKIP"
	tagPreloadHint     = "#EXT-X-PRELOAD-HINT"
	tagRenditionReport = "#EXT-X-RENDITION-REPORT"
)

// hasAttributes says that a tag's value is an attribute list.
func hasAttributes(tag string) bool {
	switch tag {
	case tagStart, tagDefine, tagStreamInf, tagMedia, tagIFrame, tagImage, tagSessionData, tagSessionKey, tagSteering,
		tagMap, tagKey, tagDateRange, tagPart, tagPartInf, tagServerControl, tagSkip, tagPreloadHint, tagRenditionReport:
		return true
	}
	return false
}

// isMaster and isMedia say that a tag stands only in one kind of playlist. Those that are misplaced often and do no
// harm, such as EXT-X-ENDLIST in a master playlist, count for neither.
func isMaster(tag string) bool {
	switch tag {
	case tagStreamInf, tagMedia, tagIFrame, tagImage, tagSessionKey:
		return true
	}
	return false
}

func isMedia(tag string) bool {
	switch tag {
	case tagInf, tagTarget, tagMap, tagKey, tagByteRange, tagPart, tagPartInf, tagSkip, tagPreloadHint:
		return true
	}
	return false
}
