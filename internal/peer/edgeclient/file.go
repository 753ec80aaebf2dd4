package edgeclient

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
	"github.com/superp2p/superp2p/internal/swarm"
)

// File is what a Resolution says of a track that is a file, checked.
type File struct {
	edgeapi.File
	// Engine is the same for the engine.
	Engine swarm.File
}

// checkFile tells whether what a server says of a file can be. A playlist's is one whose sizes are not known before.
func checkFile(f *edgeapi.File, playlist bool) (*File, bool) {
	const longest = 1 << 40 // ms
	if f.Group < 1 || f.Group > slice.MaxEntries || len(f.Times) == 0 || len(f.Times) > edgeapi.MaxSlices || f.Duration <= 0 ||
		f.Duration > longest || !strings.Contains(f.Proofs, "{number}") {
		return nil, false
	}
	if playlist {
		if f.Size != 0 || f.Slice != 0 {
			return nil, false
		}
	} else if f.Size <= 0 || f.Size > edgeapi.MaxFile || f.Slice < 1<<10 || f.Slice > slice.MaxPayload {
		return nil, false
	}
	groups := (int(f.Slices()) + f.Group - 1) / f.Group
	if f.Slices() > edgeapi.MaxSlices || len(f.Times) != groups || f.Times[0] != 0 {
		return nil, false
	}
	out := &File{File: *f, Engine: swarm.File{
		Slices: f.Slices(), Duration: time.Duration(f.Duration) * time.Millisecond, Groups: make([]swarm.Group, groups),
	}}
	for i, at := range f.Times {
		if at > f.Duration || i > 0 && at < f.Times[i-1] {
			return nil, false
		}
		out.Engine.Groups[i] = swarm.Group{Number: slice.Number(i * f.Group), Time: time.Duration(at) * time.Millisecond}
	}
	return out, true
}

// Proof fetches what proves slice n of a file. Nothing of it is checked yet but that it speaks of the slice.
func (c *Client) Proof(ctx context.Context, r *Resolution, n slice.Number) (*slice.Signed, error) {
	u, err := c.url(edgeapi.SlicePath(r.File.Proofs, r.Track, n))
	if err != nil {
		return nil, err
	}
	got, err := c.frame(ctx, u, http.Header{}, fileWait)
	if err != nil {
		return nil, err
	}
	proof, err := slice.ParseProof(r.Track, got.body)
	if err != nil || !proof.Covers(n) {
		return nil, fault.New(fault.ServerInvalid, "the server sent something else than the proof asked for")
	}
	return proof, nil
}

// fileWait is how long the server may take to see a part of a file itself, beyond what an answer takes.
const fileWait = 20 * time.Second
