#!/usr/bin/env bash
# A daemon from the sources on roots of its own below dist/dev, in the foreground; Ctrl-C ends it. Arguments go to dockerd.
set -euo pipefail
cd "$(dirname "$0")/.."
make --silent -C monitor
mkdir -p dist/dev
root=$(readlink -f dist/dev)
echo "export DOCKER_HOST=unix:///tmp/skiff-dev.sock   # for bin/docker, docker, docker-compose ..."
exec node_modules/.bin/bun src/daemon/entry.ts --data-root "$root/data" --exec-root /run/skiff-dev -H unix:///tmp/skiff-dev.sock \
  --pidfile /run/skiff-dev.pid --bridge skiffdev0 "$@"
