package edgeclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/superp2p/superp2p/internal/edgeapi"
	"github.com/superp2p/superp2p/internal/fault"
	"github.com/superp2p/superp2p/internal/slice"
)

// Slice fetches slice n of a track by the resolution's template. If it is not cut yet, the server may hold the answer
// for wait (rounded up to whole seconds; 0 to 20 s). If copies is not 0, the server answers fault.SliceEnough once it
// has given so many copies of the slice (1 to 1000). Nothing of the result is proved yet.
func (c *Client) Slice(
	ctx context.Context, r *Resolution, n slice.Number, wait time.Duration, copies int,
) (*slice.Slice, error) {
	u, err := c.url(edgeapi.SlicePath(r.Slices, r.Track, n))
	if err != nil {
		return nil, err
	}
	got, err := c.frame(ctx, u, preferring(wait, copies), wait)
	if err != nil {
		return nil, err
	}
	return parse(r.Track, n, got.body)
}

// LiveProof is Slice without the payload, unless slice n begins a group: by the template Playlist.Proofs of a live playlist.
func (c *Client) LiveProof(
	ctx context.Context, r *Resolution, n slice.Number, wait time.Duration, copies int,
) (*slice.Slice, error) {
	u, err := c.url(edgeapi.SlicePath(r.Playlist.Proofs, r.Track, n))
	if err != nil {
		return nil, err
	}
	got, err := c.frame(ctx, u, preferring(wait, copies), wait)
	if err != nil {
		return nil, err
	}
	if proof, err := slice.ParseProof(r.Track, got.body); err == nil && proof.Covers(n) {
		return &slice.Slice{Number: n, Proof: proof}, nil
	}
	return parse(r.Track, n, got.body)
}

// preferring returns the header that says how a slice is asked for.
func preferring(wait time.Duration, copies int) http.Header {
	var prefer []string
	if wait > 0 {
		seconds := min(int((wait+time.Second-1)/time.Second), edgeapi.MaxWaitSeconds)
		prefer = append(prefer, "wait="+strconv.Itoa(seconds))
	}
	if copies > 0 {
		prefer = append(prefer, "copies="+strconv.Itoa(min(copies, edgeapi.MaxCopies)))
	}
	header := http.Header{}
	if prefer != nil {
		header.Set("Prefer", strings.Join(prefer, ", "))
	}
	return header
}

// SliceRest fetches the payload of slice n of a track from offset on, 0 up to below its size, by the resolution's
// template. proof is the proof of the slice, which tells where in the server's answer that is. A server that knows no
// ranges gives all of the slice, and all but the rest is thrown away. Nothing of the result is proved yet.
func (c *Client) SliceRest(
	ctx context.Context, r *Resolution, proof *slice.Signed, n slice.Number, offset int,
) ([]byte, error) {
	if !proof.Covers(n) || offset < 0 || offset >= int(proof.Entry(n).Size) {
		return nil, fault.New(fault.Internal, "the proof does not go with the part of the slice that is missing")
	}
	u, err := c.url(edgeapi.SlicePath(r.Slices, r.Track, n))
	if err != nil {
		return nil, err
	}
	size := int(proof.Entry(n).Size)
	from, total := slice.FrameHead(proof)+offset, slice.FrameHead(proof)+size
	got, err := c.frame(ctx, u, http.Header{"Range": {"bytes=" + strconv.Itoa(from) + "-"}}, 0)
	if err != nil {
		return nil, err
	}
	if got.status == http.StatusPartialContent {
		if !fits(got.header.Get("Content-Range"), from, total) || len(got.body) != total-from {
			return nil, fault.New(fault.ServerInvalid, "the server sent another part of the slice than was asked for")
		}
		return got.body, nil
	}
	s, err := parse(r.Track, n, got.body)
	if err != nil {
		return nil, err
	}
	if s.Proof.Entry(n) != proof.Entry(n) {
		return nil, fault.New(fault.ServerInvalid, "the server sent another slice than its proof from a peer speaks of")
	}
	return s.Payload[offset:], nil
}

// fits tells whether a Content-Range (RFC 9110, section 14.4) says that bytes from … of total are there, to the end.
func fits(contentRange string, from, total int) bool {
	part := fmt.Sprintf("bytes %d-%d/", from, total-1)
	length, ok := strings.CutPrefix(strings.ToLower(contentRange), part)
	return ok && (length == "*" || length == strconv.Itoa(total))
}

// frame asks for a slice or a part of it, which the server may hold for wait and then has sliceTimeout to send.
func (c *Client) frame(ctx context.Context, u *url.URL, header http.Header, wait time.Duration) (reply, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, wait+sliceTimeout, errSliceTimeout)
	defer cancel()
	got, err := c.ask(ctx, u, header, edgeapi.SliceType, maxFrame)
	if err != nil && context.Cause(ctx) == errSliceTimeout {
		err = fault.Wrap(fault.ServerUnreachable, "the server gives no slice", errSliceTimeout)
	}
	return got, err
}

func parse(track slice.TrackID, n slice.Number, frame []byte) (*slice.Slice, error) {
	s, err := slice.ParseFrame(track, n, frame)
	if err != nil {
		return nil, fault.Wrap(fault.ServerInvalid, "the server sent something else than the slice asked for", err)
	}
	return s, nil
}

// sliceTimeout is how long a slice may take on its way once the server has it.
const sliceTimeout = 5 * time.Second

var errSliceTimeout = errors.New("no answer in time")
