#!/usr/bin/env bash
# Runs each Fuzz test of the module for a few seconds: scripts/fuzz.sh [SECONDS, default 5]. go test -fuzz takes one at a
# time, hence the loop.
#
# Go before 1.27 now and then fails a run in which nothing failed: the time that -fuzztime gives ends while a worker is
# in the middle of an input, and that comes out as "context deadline exceeded" (golang/go#75804). Such a run is repeated,
# at most twice. Whatever names an input or says anything else has failed.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-5}
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# ended_by_clock says whether the run in $log failed by its time being over and by nothing else.
ended_by_clock() {
	grep -A1 '^--- FAIL' "$log" | grep -qx ' *context deadline exceeded' &&
		! grep -qE 'Failing input|panic|fatal error|_test\.go|hung or terminated' "$log"
}

fuzz() {
	for try in 1 2 3; do
		"${GO:-go}" test -run '^$' -fuzz "^$1\$" -fuzztime "${seconds}s" -fuzzminimizetime 5s "$2" 2>&1 | tee "$log" && return 0
		ended_by_clock || return 1
		echo "--> $1: only its time was over (golang/go#75804), try $try of 3"
	done
	return 1
}

passed=0
failed=()
while IFS=: read -r file _ line; do
	name=$(sed -E 's/^func (Fuzz[A-Za-z0-9_]*)\(.*/\1/' <<<"$line")
	dir=$(dirname "$file")
	echo "--> $name ($dir)"
	if fuzz "$name" "$dir"; then
		passed=$((passed + 1))
	else
		failed+=("$dir $name")
	fi
done < <(grep -rnE '^func Fuzz[A-Za-z0-9_]*\(' --include='*_test.go' --exclude-dir=node_modules . | sort)

echo "fuzz: $passed passed, ${#failed[@]} failed"
for f in ${failed[@]+"${failed[@]}"}; do echo "fuzz: failed: $f" >&2; done
[ ${#failed[@]} -eq 0 ]
