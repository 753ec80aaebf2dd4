#!/usr/bin/env bash
# Installs what the tests need beside Go and make: a C compiler (for the race detector), ffmpeg, curl, Chromium, Node.js
# with npm, Haxe, and the npm packages that test/npm, test/flash and sdk/web name. Does nothing where all of it is there. Called by
# `make tools`. With the argument sdk it installs only what building needs: npm and the packages of sdk/web; with swf only Haxe.
set -euo pipefail
cd "$(dirname "$0")/.."

only=${1:-}

have() { command -v "$1" >/dev/null 2>&1; }

have_chromium() {
	for name in chromium chromium-browser google-chrome google-chrome-stable headless-shell; do
		if have "$name"; then return 0; fi
	done
	[ -e "/Applications/Google Chrome.app" ] || [ -e "/Applications/Chromium.app" ]
}

missing=()   # what to tell people
packages=()  # what to tell apt-get
if [ -z "$only" ]; then
	have cc || have gcc || { missing+=("a C compiler (gcc)"); packages+=(gcc libc6-dev); }
	{ have ffmpeg && have ffprobe; } || { missing+=(ffmpeg); packages+=(ffmpeg); }
	have curl || { missing+=(curl); packages+=(curl); }
	have_chromium || { missing+=(Chromium); packages+=(chromium); }
fi
if [ "$only" != sdk ]; then
	have haxe || { missing+=(Haxe); packages+=(haxe); }
fi
if [ "$only" != swf ]; then
	have node || { missing+=("Node.js"); packages+=(nodejs); }
	have npm || missing+=(npm) # comes with nodejs or as a package of its own, which conflicts with the former
fi

if [ ${#missing[@]} -gt 0 ]; then
	list=$(printf '%s, ' "${missing[@]}")
	list=${list%, }
	if ! have apt-get; then
		echo "make tools: missing: $list. Install it with your system's package manager (macOS: brew install ffmpeg node haxe," >&2
		echo "brew install --cask chromium, xcode-select --install), then call make again." >&2
		exit 1
	fi
	root=()
	if [ "$(id -u)" -ne 0 ]; then
		if ! have sudo; then
			echo "make tools: missing: $list. As root: apt-get update && apt-get install ${packages[*]-}; then call make again." >&2
			exit 1
		fi
		root=(sudo)
	fi
	echo "make tools: missing: $list. Installing by apt-get: ${packages[*]-}"
	export DEBIAN_FRONTEND=noninteractive
	${root[@]+"${root[@]}"} apt-get update -qq
	install=(${root[@]+"${root[@]}"} apt-get install -y -qq --no-install-recommends)
	"${install[@]}" ${packages[@]+"${packages[@]}"} >/dev/null
	[ "$only" = swf ] || have npm || "${install[@]}" npm >/dev/null
fi

# npm writes node_modules/.package-lock.json last, so that it is newer than what it was installed from.
npm_dirs=(sdk/web)
[ -n "$only" ] || npm_dirs=(test/npm test/flash sdk/web)
[ "$only" != swf ] || npm_dirs=()
for npm_dir in ${npm_dirs[@]+"${npm_dirs[@]}"}; do
	[ -f "$npm_dir/package-lock.json" ] || continue
	done_mark="$npm_dir/node_modules/.package-lock.json"
	if [ ! -e "$done_mark" ] || [ "$npm_dir/package-lock.json" -nt "$done_mark" ]; then
		echo "make tools: installing the npm packages of $npm_dir"
		(cd "$npm_dir" && npm ci --no-progress)
	fi
done
[ -n "$only" ] || echo "make tools: all there"
