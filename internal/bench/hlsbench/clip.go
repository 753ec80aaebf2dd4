package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"time"
)

// segmentTime is how long each segment of the clip plays.
const segmentTime = 2 * time.Second

// makeClip has ffmpeg make MPEG-TS segments of so many seconds in all, and returns them. The picture is small and the
// bit rate filled up with nothing, so that the pages' decoders leave the machine to what is measured.
func makeClip(ctx context.Context, seconds, kbit int) ([][]byte, error) {
	program, err := exec.LookPath("ffmpeg")
	if err != nil {
		return nil, errors.New("no ffmpeg here: call make tools")
	}
	dir, err := os.MkdirTemp("", "hlsbench-clip-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a folder of our own
	rate := strconv.Itoa(kbit-100) + "k"
	length := strconv.Itoa(seconds)
	cmd := exec.CommandContext(ctx, program, "-v", "error",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15:duration="+length,
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration="+length,
		"-c:v", "libx264", "-preset", "ultrafast", "-profile:v", "baseline", "-pix_fmt", "yuv420p", "-g", "30",
		"-keyint_min", "30", "-sc_threshold", "0", "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate,
		"-x264-params", "nal-hrd=cbr:force-cfr=1", "-c:a", "aac", "-b:a", "48k",
		"-f", "hls", "-hls_time", strconv.Itoa(int(segmentTime/time.Second)), "-hls_playlist_type", "vod",
		"-hls_segment_filename", filepath.Join(dir, "%05d.ts"), filepath.Join(dir, "index.m3u8"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("ffmpeg makes no clip: %w: %s", err, out)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.ts"))
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	clip := make([][]byte, 0, len(names))
	for _, name := range names {
		segment, err := os.ReadFile(name) //nolint:gosec // a file of our own
		if err != nil {
			return nil, err
		}
		clip = append(clip, segment)
	}
	if want := seconds / int(segmentTime/time.Second); len(clip) < want {
		return nil, fmt.Errorf("ffmpeg made %d segments instead of %d", len(clip), want)
	}
	return clip, nil
}
