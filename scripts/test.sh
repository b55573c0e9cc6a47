#!/usr/bin/env bash
# Runs the tests below the given folders (default: all) and prints `N passed, N failed` as the last line.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p dist
report=dist/test-report.txt
node_modules/.bin/bun test --timeout 60000 "$@" </dev/null 2>&1 | tee "$report"
status=${PIPESTATUS[0]}
count() { grep -aE "^ *[0-9]+ $1\$" "$report" | tail -1 | tr -dc 0-9; }
passed=$(count pass) failed=$(count fail) skipped=$(count skip)
[ "${skipped:-0}" = 0 ] || { echo "skipped tests count as failed"; failed=$((${failed:-0} + skipped)); status=1; }
[ -n "$passed" ] || { passed=0; failed=$((${failed:-0} + 1)); status=1; }
[ "${failed:-0}" = 0 ] || status=1
echo "${passed} passed, ${failed:-0} failed" | tee dist/test-summary
exit $status
