#!/bin/sh
# Makes the clip that internal/origin loops: test pattern and tone, 640x360 at 25 fps, H.264 baseline with a keyframe
# every 2 s, AAC 48 kHz. 8 s is a whole number of frames of both, so that a loop has no seam. "zerolatency" matters:
# players that decode in software fall behind with ordinary x264 settings.
set -eu
cd "$(dirname "$0")/.."
ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "testsrc2=size=640x360:rate=25:duration=8" \
  -f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=48000:duration=8" \
  -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
  -c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p \
  -g 50 -keyint_min 50 -sc_threshold 0 -b:v 240k -maxrate 240k -bufsize 480k -threads 1 \
  -c:a aac -b:a 48k -ac 2 -flvflags +no_duration_filesize \
  -f flv internal/origin/clip.flv
ls -l internal/origin/clip.flv
