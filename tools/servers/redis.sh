# shellcheck shell=bash disable=SC2034
# Redis: quotas across instances. Nothing is written to the disk.
packages="redis-server"
binaries="redis-server redis-cli"
port=16379

prepare() {
  :
}

run() {
  exec redis-server --bind 127.0.0.1 --port "$port" --save '' --appendonly no --daemonize no --dir "$dir" \
    --maxmemory-policy noeviction --set-proc-title no
}

answers() {
  [ "$(redis-cli -h 127.0.0.1 -p "$port" ping)" = PONG ]
}

setup() {
  :
}

environment() {
  echo "FLOTILLA_TEST_REDIS_URL=redis://127.0.0.1:$port"
}
