#!/usr/bin/env bash
# Shows the engine at work: a private daemon and registry, Debian's nginx and busybox as images, and a first day with Docker:
# a Dockerfile is built, pushed to the registry, pulled back and run; by our client and then by the unmodified docker CLI if there is one.
# Leaves nothing behind and checks that.
#   npm run demo            as root. DOCKER=path: the first client (default bin/docker). TRACE_LOG=1: prints the daemon's log.
set -euo pipefail
cd "$(dirname "$0")/.."
bun=$PWD/node_modules/.bin/bun
[ "$(id -u)" = 0 ] || { echo "demo: containers need root: run it with sudo" >&2; exit 1; }

bash scripts/setup.sh --engine docker.io
echo "# Base images, made from Debian's packages"
"$bun" scripts/images/build.ts

work=$(mktemp -d /tmp/skiff-demo.XXXXXX)
bridge=skd$$          # interface names end at 15 characters
subnet=               # first free one, so that other daemons keep theirs
cgroup=/skiff-demo-$$
daemon=
registry=             # pid of the registry server
registry_address=
namespaces=()         # inodes of the containers' network namespaces
veths=()              # host ends of their links
export DOCKER_HOST=unix://$work/docker.sock DOCKER_CONFIG=$work/client
unset DOCKER_BUILDKIT DOCKER_CONTEXT DOCKER_TLS_VERIFY DOCKER_CERT_PATH DOCKER_API_VERSION

main() {
  trap cleanup EXIT
  exec 3>&1
  trap 'exit 130' INT
  trap 'exit 143' TERM
  start_daemon
  start_registry
  local ours=${DOCKER:-$PWD/bin/docker} theirs
  session "$ours"
  theirs=$(type -P docker || true)
  if [ -n "$theirs" ] && [ "$(readlink -f "$theirs")" != "$(readlink -f "$(type -P "$ours")")" ]; then session "$theirs"; fi
}

start_daemon() {
  title "The daemon, with a root, a socket and a bridge of its own"
  subnet=$(free_subnet)
  local command=(bin/dockerd --data-root "$work/data" --exec-root "$work/exec" -H "$DOCKER_HOST" --pidfile "$work/pid"
    --bridge "$bridge" --bip "$subnet.1/24" --cgroup-parent "$cgroup")
  echo "\$ ${command[*]} &"
  "${command[@]}" >"$work/log" 2>&1 &
  daemon=$!
  local deadline=$((SECONDS + 30))
  until grep -qs 'completed initialization' "$work/log"; do
    kill -0 "$daemon" 2>/dev/null || fail "the daemon ended"
    [ $SECONDS -lt $deadline ] || fail "the daemon did not answer within 30 s"
    sleep 0.1
  done
}

start_registry() {
  registry_address=127.0.0.1:$(free_port)
  title "A registry of our own"
  echo "\$ bin/registry serve --addr $registry_address --root $work/registry &"
  bin/registry serve --addr "$registry_address" --root "$work/registry" >"$work/registry.log" 2>&1 &
  registry=$!
  fetch "http://$registry_address/v2/" >/dev/null
}

# One day with Docker, by the given client: from a Dockerfile to a web site that runs, then what one does with it.
session() {
  client=$1
  local port url version image
  port=$(free_port)
  url=http://127.0.0.1:$port/
  version=$(image_version)
  image=$registry_address/team/site:1
  title "The client $client"
  docker --version

  title "A Dockerfile, on nginx and busybox"
  docker load -i dist/images/nginx.tar
  docker load -i dist/images/busybox.tar
  write_site "$version"
  echo "\$ cat $work/site/Dockerfile"
  cat "$work/site/Dockerfile"

  title "Build it"
  build -t "$image" "$work/site"
  expect "team/site" docker images
  title "Again: nothing has changed, so it is the same image, out of the cache"
  build -q -t "$image" "$work/site"
  title "Push it, remove it, pull it back"
  docker push "$image"
  docker rmi "$image"
  refuse "team/site" "$client" images
  docker pull "$image"

  title "Run it"
  docker run -d -p "$port:80" --name site "$image"
  note_container site
  expect "0.0.0.0:$port->80/tcp" docker ps
  expect "Built in a stage of its own" fetch "$url"
  title "Look at it and change it"
  expect "GET / HTTP/1.1" docker logs site
  expect "nginx: master process" docker exec site ps
  docker exec site sh -c 'echo "<h1>Changed in the container</h1>" > /usr/share/nginx/html/index.html'
  expect "Changed in the container" fetch "$url"
  title "Another image, as a command"
  expect "Hello from a container" docker run --rm busybox:latest echo "Hello from a container"

  title "Stop and tidy up"
  docker stop site
  expect "Exited (0)" docker ps -a
  docker rm site
  docker rmi "$image" "nginx:$version" nginx:latest busybox:latest "$(busybox_tag)"
  expect "REPOSITORY" docker images
  refuse "nginx" "$client" images
}

# A page that one stage makes and the other serves. $1: the version of nginx.
write_site() {
  mkdir -p "$work/site"
  cat >"$work/site/Dockerfile" <<DOCKERFILE
FROM busybox AS page
WORKDIR /site
COPY index.html .
RUN echo "<p>Built in a stage of its own</p>" >> index.html

FROM nginx:$1
LABEL org.opencontainers.image.title="site"
COPY --from=page /site/ /usr/share/nginx/html/
EXPOSE 80
DOCKERFILE
  echo "<h1>A site</h1>" >"$work/site/index.html"
}

# docker build: ours as it is; the unmodified client without its plugin buildx by the classic request.
build() {
  case $("$client" --version) in
    *skiff*) docker build "$@" ;;
    *) DOCKER_BUILDKIT=0 docker build "$@" ;;
  esac
}

title() {
  echo
  echo "# $1"
}

# Prints the command as a user would type it, then runs it with an end in time.
docker() {
  echo "\$ ${DOCKER_BUILDKIT:+DOCKER_BUILDKIT=$DOCKER_BUILDKIT }docker$(quoted "$@")"
  timeout -s KILL 60 "$client" "$@" </dev/null || fail "docker $* ended with status $?"
}

# A bare machine has no curl: bun asks, again while nginx is not listening yet.
fetch() {
  echo "\$ curl $1"
  "$bun" -e '
    const ask = async (left) => {
      try {
        return await (await fetch(process.argv[1], { signal: AbortSignal.timeout(5000) })).text();
      } catch (error) {
        if (left === 0) throw error;
        await Bun.sleep(100);
        return ask(left - 1);
      }
    };
    process.stdout.write(await ask(50));' "$1" || fail "no answer from $1"
}

# expect TEXT COMMAND...: shows the output and demands the text in it.
expect() {
  local text=$1
  shift
  "$@" >"$work/output" 2>&1 || { cat "$work/output"; exit 1; }
  cat "$work/output"
  sed 1d "$work/output" | grep -qF -- "$text" || fail "$* did not print \"$text\""
}

refuse() {
  local text=$1
  shift
  if "$@" | grep -qF -- "$text"; then fail "$* still prints \"$text\""; fi
}

quoted() {
  local word
  for word; do
    case $word in *[!A-Za-z0-9_./:=,@%+-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
  done
}

# Three of the four numbers of a /24 that no route of the host touches.
free_subnet() {
  local start=$(($$ % 200)) third
  for third in $(seq "$start" 255); do
    ip route show match "10.219.$third.1" | grep -qv ^default || { echo "10.219.$third"; return; }
  done
  fail "no free subnet in 10.219.0.0/16"
}

free_port() {
  "$bun" -e 'const server = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } }); console.log(server.port); server.stop();'
}

image_version() { "$bun" -e 'console.log(require("./dist/images/nginx.json").tags[0])'; }
busybox_tag() { "$bun" -e 'console.log("busybox:" + require("./dist/images/busybox.json").tags[0])'; }

# Remembers what a container has of the host, to look for it at the end.
note_container() {
  local pid
  pid=$(timeout -s KILL 20 "$client" inspect --format '{{.State.Pid}}' "$1") || fail "docker inspect $1"
  namespaces+=("$(stat -L -c %i "/proc/$pid/ns/net")")
  local link
  for link in $(ip -o link show master "$bridge" | sed -E 's/^[0-9]+: ([^:@]+).*/\1/'); do veths+=("$link"); done
  [ ${#veths[@]} -gt 0 ] || fail "container $1 has no link on the bridge"
}

# In a subshell too: says what is wrong; the log follows in cleanup.
fail() {
  echo "demo: FAILED: $*" >&2
  exit 1
}

cleanup() {
  local status=$?
  exec >&3 # a step that fails may have its output elsewhere
  trap - EXIT
  trap '' INT TERM
  echo
  stop_daemon || status=1
  if [ -n "$registry" ]; then
    kill "$registry" 2>/dev/null || true
    wait "$registry" 2>/dev/null || true
  fi
  # The parent cgroup is the daemon's to use, not to remove (as with dockerd); one that is still in use stays and is told of.
  find /sys/fs/cgroup -maxdepth 2 -depth -type d -path "*$cgroup" -exec rmdir {} \; 2>/dev/null || true
  leftovers >/tmp/skiff-demo-left.$$
  if [ -s /tmp/skiff-demo-left.$$ ]; then
    echo "demo: FAILED: left behind:" >&2
    cat /tmp/skiff-demo-left.$$ >&2
    status=1
    remove_leftovers
  else
    echo "# Nothing is left: no process, mount, network namespace, link, nft table, cgroup or file"
  fi
  rm -f "/tmp/skiff-demo-left.$$"
  if [ $status != 0 ] && [ $status -lt 128 ] || [ -n "${TRACE_LOG:-}" ]; then
    echo "# The daemon's log" >&2
    cat "$work/log" "$work/registry.log" >&2 || true
  fi
  if ! grep -q " $work" /proc/self/mountinfo; then rm -rf --one-file-system "$work"; fi
  [ ! -e "$work" ] || { echo "demo: FAILED: $work could not be removed" >&2; status=1; }
  [ $status = 0 ] && echo "# demo: passed"
  exit $status
}

stop_daemon() {
  [ -n "$daemon" ] || return 0
  echo "\$ kill $daemon   # the daemon"
  kill "$daemon" 2>/dev/null || true
  local deadline=$((SECONDS + 30))
  while kill -0 "$daemon" 2>/dev/null && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
  if kill -0 "$daemon" 2>/dev/null; then
    echo "demo: FAILED: the daemon did not stop within 30 s" >&2
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null || true
    return 1
  fi
  wait "$daemon" || { echo "demo: FAILED: the daemon ended with status $?" >&2; return 1; }
}

# What is still there of this run, one line each.
leftovers() {
  local pid inode link
  for pid in $(our_processes); do echo "process $pid: $(tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" || true)"; done
  sed -n "s#^.* \($work[^ ]*\) .*#mount \1#p" /proc/self/mountinfo
  # A process or a mount keeps a namespace alive, and both are found through /proc.
  for inode in ${namespaces[@]+"${namespaces[@]}"}; do
    if cat /proc/[0-9]*/mountinfo 2>/dev/null | grep -q "net:\[$inode\]" ||
      stat -L -c %i /proc/[0-9]*/ns/net 2>/dev/null | grep -qx "$inode"; then echo "network namespace $inode"; fi
  done
  for link in "$bridge" ${veths[@]+"${veths[@]}"}; do if [ -e "/sys/class/net/$link" ]; then echo "link $link"; fi; done
  nft list tables 2>/dev/null | grep "skiff_$bridge" || true
  find /sys/fs/cgroup -type d -path "*$cgroup*" 2>/dev/null | sed 's/^/cgroup /' || true
  find "$work" -name '*.sock' | sed 's/^/socket /'
}

# Processes that were started with a path of this run, and those in its cgroups. Not this script or its children.
our_processes() {
  local folder
  {
    for folder in /proc/[0-9]*; do
      if tr '\0' ' ' 2>/dev/null <"$folder/cmdline" | grep -qF "$work"; then echo "${folder#/proc/}"; fi
    done
    find /sys/fs/cgroup -path "*$cgroup*" -name cgroup.procs -exec cat {} + 2>/dev/null || true
  } | sort -un
}

# The run has failed already: what is left must not stay.
remove_leftovers() {
  local pid
  for pid in $(our_processes); do kill -KILL "$pid" 2>/dev/null || true; done
  sed -n "s#^.* \($work[^ ]*\) .*#\1#p" /proc/self/mountinfo | sort -r | while read -r path; do umount -l "$path" || true; done
  nft delete table ip "skiff_$bridge" 2>/dev/null || true
  ip link delete "$bridge" 2>/dev/null || true
  find /sys/fs/cgroup -depth -type d -path "*$cgroup*" -exec rmdir {} + 2>/dev/null || true
}

main
