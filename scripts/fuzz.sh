#!/usr/bin/env bash
# Runs each Fuzz test of the module for a few seconds: scripts/fuzz.sh [SECONDS, default 5]. go test -fuzz takes one at a
# time, hence the loop.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5}

passed=0
failed=()
while IFS=: read -r file _ line; do
	name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/' <<<"$line")
	dir=$(dirname "$file")
	echo "--> $name ($dir)"
	if "${GO:-go}" test -run '^$' -fuzz "^$name\$" -fuzztime "${seconds}s" -fuzzminimizetime 5s "$dir"; then
		passed=$((passed + 1))
	else
		failed+=("$dir $name")
	fi
done < <(grep -rnE '^func Fuzz[A-Za-z0-9_]*\(' --include='*_test.go' --exclude-dir=node_modules . | sort)

echo "fuzz: $passed passed, ${#failed[@]} failed"
for f in ${failed[@]+"${failed[@]}"}; do echo "fuzz: failed: $f" >&2; done
[ ${#failed[@]} -eq 0 ]
