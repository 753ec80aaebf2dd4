package edge

import (
	"net/http"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/slice"
)

// fileResolution is the answer to one viewer of a file.
func (e *Edge) fileResolution(f *file, r *http.Request) edgeapi.Resolution {
	a := e.resolutionOf(f.id, f.track, f.hash, r)
	a.Live = edgeapi.Live{Now: e.config.Now().UnixMilli(), Groups: []edgeapi.Point{}, State: edgeapi.StateEnded}
	a.Bitrate = f.rate
	about := f.about
	a.File = &about
	if f.vod != nil {
		a.Playlist = f.vod.about()
	}
	return a
}

// proof answers with what proves a slice, for who fetches the bytes from the origin.
func (e *Edge) proof(w http.ResponseWriter, r *http.Request) {
	if f := e.fileOf(r); f != nil {
		e.fileSlice(w, r, f, false)
		return
	}
	e.serveLive(w, r, false)
}

// proofOf returns the part of an encoded slice that proves it, and all of the first one of a group: what begins a segment of an
// HLS playlist is of no origin.
func proofOf(track slice.TrackID, n slice.Number, frame []byte) []byte {
	s, err := slice.ParseFrame(track, n, frame)
	if err != nil || s.Proof.StartsGroup(n) {
		return frame
	}
	return frame[:slice.FrameHead(s.Proof)]
}

// fileSlice answers with a slice of a file, without its payload unless that is wanted.
func (e *Edge) fileSlice(w http.ResponseWriter, r *http.Request, f *file, payload bool) {
	n, ok := e.numberOf(w, r)
	if !ok {
		return
	}
	s, err := f.slice(r.Context(), n, payload)
	if err != nil {
		e.writeFault(w, r, err)
		return
	}
	frame := slice.AppendFrame(make([]byte, 0, slice.FrameHead(s.Proof)+len(s.Payload)), s)
	sent, whole := writeFrame(w, r, frame, spanOf(r))
	f.bytesOut.Add(int64(sent))
	e.bytesOut.Add(int64(sent))
	if whole && payload {
		f.slicesServed.Add(1)
		e.slicesServed.Add(1)
	}
}

func (f *file) status() edgeapi.StreamStatus {
	f.mu.Lock()
	defer f.mu.Unlock()
	st := edgeapi.StreamStatus{
		Stream: f.id, Track: f.track.String(), Swarm: hexHash(f.hash), State: edgeapi.StateEnded, Source: "file",
		Viewers: f.edge.config.Swarm(f.hash), Slices: int64(len(f.groups) * f.about.Group),
		BytesIn: f.bytesIn.Load(), SlicesServed: f.slicesServed.Load(), BytesOut: f.bytesOut.Load(),
		Kept: len(f.used) * f.about.Group, KeptBytes: f.bytes, Bitrate: f.rate,
	}
	if f.vod != nil {
		st.Source = "playlist"
	}
	if f.err != nil {
		st.Error = clean(f.err).Message
	}
	return st
}
