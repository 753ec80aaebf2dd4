#!/bin/sh
# Packs sdk/dist as an npm package: npm.sh VERSION DIRECTORY writes DIRECTORY/superp2p-VERSION.tgz. VERSION is as `superp2p version` prints it.
set -eu
cd "$(dirname "$0")/.."
case "$1" in
v[0-9]* | [0-9]*) version=$(printf %s "$1" | sed 's/^v//; s/+.*//') ;;
*) version=0.0.0-devel ;; # built without a version
esac
mkdir -p "$2"
out=$(cd "$2" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
[ -e sdk/dist/superp2p.mjs ] || { echo "npm.sh: the SDK is not built; call make sdk" >&2; exit 1; }
cp sdk/dist/*.mjs sdk/dist/*.js sdk/dist/*.wasm sdk/dist/*.d.ts LICENSE sdk/web/npm/README.md "$work"
sed "s/\"version\": \"0.0.0\"/\"version\": \"$version\"/" sdk/web/npm/package.json >"$work/package.json"
for license in sdk/web/node_modules/*/LICENSE* sdk/web/node_modules/@*/*/LICENSE* "$(${GO:-go} env GOROOT)/LICENSE"; do
	[ -e "$license" ] || continue
	name=$(dirname "$license" | sed 's|.*node_modules/||; s|^/.*|Go|')
	printf '==> %s\n\n' "$name"
	cat "$license"
	printf '\n'
done >"$work/LICENSES.txt"
cd "$work"
npm pack --silent --offline --pack-destination "$out"
