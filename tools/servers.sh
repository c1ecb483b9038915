#!/usr/bin/env bash
# Real servers for `npm run test:servers`, from Debian packages, each on a loopback port of its own.
#
#   tools/servers.sh install NAME...   installs the packages (Debian or Ubuntu, as root)
#   tools/servers.sh start NAME...     starts, waits until it answers, prints the environment line for the tests
#   tools/servers.sh stop NAME...      stops what `start` started
#   tools/servers.sh status [NAME...]  says what runs
#
# Data, logs and process ids are below ${FLOTILLA_SERVERS_DIR:-.flotilla/servers}/NAME. Every command may be repeated. The
# distribution's own instance of a server is neither used nor touched.
#
# A server is a file tools/servers/NAME.sh that defines:
#   packages   what apt installs            binaries   what must be found to start
#   port       default port; the variable FLOTILLA_<NAME>_PORT changes it
#   prepare    makes the data in $dir, once    run     replaces the shell by the server (exec)
#   answers    succeeds when it serves         setup   makes users and databases; may be repeated
#   environment  prints NAME=value for the tests
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${FLOTILLA_SERVERS_DIR:-$here/../.flotilla/servers}
start_seconds=60
stop_seconds=30

fail() {
  echo "servers.sh: $*" >&2
  exit 1
}

known() {
  local file
  for file in "$here"/servers/*.sh; do basename "$file" .sh; done | paste -sd ' '
}

# Reads the description of one server and sets dir, pid_file, log and port.
load() {
  name=$1
  [ -f "$here/servers/$name.sh" ] || fail "there is no server \"$name\"; known: $(known)"
  mkdir -p "$root/$name"
  dir=$(cd "$root/$name" && pwd)
  pid_file=$dir/server.pid
  log=$dir/server.log
  # shellcheck source=/dev/null
  . "$here/servers/$name.sh"
  local variable
  variable="FLOTILLA_$(echo "$name" | tr '[:lower:]-' '[:upper:]_')_PORT"
  port=${!variable:-$port}
}

# The process that `start` started, if it still runs: the id may belong to somebody else by now.
running() {
  [ -f "$pid_file" ] || return 1
  pid=$(cat "$pid_file")
  [ -n "$pid" ] && [ -r "/proc/$pid/cmdline" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF -- "$dir"
}

missing() {
  local binary
  for binary in $binaries; do
    PATH=$PATH:/usr/sbin:/sbin command -v "$binary" >/dev/null || echo "$binary"
  done
}

install_server() {
  if [ -z "$(missing)" ]; then
    echo "$name: installed already"
    return
  fi
  command -v apt-get >/dev/null || fail "$name: apt-get was not found; install $packages by the means of your system, then use start"
  [ "$(id -u)" = 0 ] || fail "$name: installing needs root; run: sudo tools/servers.sh install $name"
  echo "$name: installing $packages"
  local output
  # shellcheck disable=SC2086
  output=$(apt-get update 2>&1 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages 2>&1) ||
    fail "$name: apt-get failed:"$'\n'"$output"
  [ -z "$(missing)" ] || fail "$name: installed, but $(missing | paste -sd ' ') was not found"
  echo "$name: installed"
}

start_server() {
  if running; then
    echo "$name: runs already (pid $pid, port $port)"
  else
    local absent
    absent=$(missing | paste -sd ' ')
    [ -z "$absent" ] || fail "$name: $absent was not found; run: tools/servers.sh install $name"
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
      fail "$name: port $port is taken by another program; set FLOTILLA_$(echo "$name" | tr '[:lower:]-' '[:upper:]_')_PORT"
    fi
    PATH=$PATH:/usr/sbin:/sbin
    prepare >>"$log" 2>&1 || fail "$name: the data could not be prepared; see $log"
    (
      trap '' HUP INT
      run
    ) >>"$log" 2>&1 </dev/null &
    pid=$!
    disown "$pid"
    echo "$pid" >"$pid_file"
    await "answer" "$start_seconds" answers
    setup >>"$log" 2>&1 || fail "$name: it runs, but its users or databases could not be made; see $log"
    echo "$name: started (pid $pid, port $port)"
  fi
  echo "export $(environment)"
}

stop_server() {
  if ! running; then
    rm -f "$pid_file"
    echo "$name: does not run"
    return
  fi
  kill -TERM "$pid"
  local waited=0
  while kill -0 "$pid" 2>/dev/null && [ ! "$waited" -ge $((stop_seconds * 10)) ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  if kill -0 "$pid" 2>/dev/null; then
    kill -KILL "$pid"
    echo "$name: killed (pid $pid), since it had not stopped within $stop_seconds s"
  else
    echo "$name: stopped (pid $pid)"
  fi
  rm -f "$pid_file"
}

status_server() {
  if running; then
    echo "$name: runs (pid $pid, port $port)"
    echo "export $(environment)"
  elif [ -n "$(missing)" ]; then
    echo "$name: not installed"
  else
    echo "$name: does not run"
  fi
}

# Waits until the command succeeds, the server dies or the time is over.
await() {
  local what=$1 limit=$2 waited=0
  shift 2
  until "$@" >/dev/null 2>&1; do
    kill -0 "$pid" 2>/dev/null || { rm -f "$pid_file"; fail "$name: it ended at start:"$'\n'"$(tail -n 15 "$log")"; }
    [ "$waited" -lt $((limit * 10)) ] || fail "$name: it did not $what within $limit s; see $log"
    sleep 0.1
    waited=$((waited + 1))
  done
}

command=${1:-}
[ $# -gt 0 ] && shift
case $command in
  install | start | stop)
    [ $# -gt 0 ] || fail "name the servers to $command: $(known)"
    ;;
  status)
    # shellcheck disable=SC2046
    [ $# -gt 0 ] || set -- $(known)
    ;;
  *)
    fail "usage: tools/servers.sh install|start|stop|status NAME... (known: $(known))"
    ;;
esac
for name in "$@"; do
  load "$name"
  "${command}_server"
done
