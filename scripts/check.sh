#!/usr/bin/env bash
# Types, lint (type-aware), format, architecture: everything that can be said of the sources without running them.
set -euo pipefail
cd "$(dirname "$0")/.."
node_modules/.bin/tsc -p .
node_modules/.bin/oxlint --type-aware --quiet
node_modules/.bin/biome check --error-on-warnings .
node_modules/.bin/bun scripts/arch.ts
