#!/usr/bin/env bash
# Runs the tests below the given folders (default: all), prints again what each failed test said, and `N passed, N failed` as the last line.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p dist
report=dist/test-report.txt
node_modules/.bin/bun test --timeout 60000 "$@" </dev/null 2>&1 | tee "$report"
status=${PIPESTATUS[0]}
# A test's output stands between the line of the one before it and its own; of long ones the end.
awk '/^\(fail\)/ { for (i = (n > 60 ? n - 60 : 0); i < n; i++) print said[i]; print; n = 0; next }
  /^\((pass|skip|todo)\)|^ *[0-9]+ tests failed:$/ { n = 0; if (/tests failed:$/) exit; next } { said[n++] = $0 }' "$report"
count() { grep -aE "^ *[0-9]+ $1\$" "$report" | tail -1 | tr -dc 0-9; }
passed=$(count pass) failed=$(count fail) skipped=$(count skip)
[ "${skipped:-0}" = 0 ] || { echo "skipped tests count as failed"; failed=$((${failed:-0} + skipped)); status=1; }
[ -n "$passed" ] || { passed=0; failed=$((${failed:-0} + 1)); status=1; }
[ "${failed:-0}" = 0 ] || status=1
echo "${passed} passed, ${failed:-0} failed" | tee dist/test-summary
exit $status
