#!/usr/bin/env bash
# Everything a fresh Debian 12/13 or Ubuntu 24.04 needs, as root. Idempotent; quick when nothing is missing.
#   Debian packages, npm packages, the monitor. Prints a line for each step it really takes.
#   --engine: only what the engine runs and is made with, not what its tests are held against. Further arguments: more Debian packages.
set -euo pipefail
cd "$(dirname "$0")/.."

# crun: OCI runtime; runc: the alternative; nftables, iproute2: networks; gcc, make, musl-tools: the monitor; busybox-static: base
# image and test rootfs; procps: `docker top`; git, openssh-client: builds from repositories.
engine=(crun runc nftables iproute2 gcc libc6-dev make musl-tools busybox-static gzip bzip2 xz-utils procps git openssh-client ca-certificates golang-github-containers-common)
# What the base image of the tests of builds is made of, and packs: libcap2-bin, wget, zstd.
# An unmodified client and dockerd, registries and their clients; openssl: certificates; chromium: the registry's page as a browser shows it.
peers=(docker.io docker-compose skopeo docker-registry podman buildah openssl chromium-headless-shell libcap2-bin wget zstd)
if [ "${1:-}" = --engine ]; then
  shift
  peers=()
fi
packages=("${engine[@]}" "${peers[@]}" "$@")
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "setup: npm packages"
  npm ci --no-fund --no-audit --loglevel=error
fi

make --silent -C monitor
