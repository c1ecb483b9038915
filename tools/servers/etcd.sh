# shellcheck shell=bash disable=SC2034
# etcd: the registry of larger fleets. One member, whose data may be lost.
packages="etcd-server etcd-client"
binaries="etcd etcdctl"
port=12379

prepare() {
  :
}

run() {
  exec etcd --name flotilla --data-dir "$dir/data" --listen-client-urls "http://127.0.0.1:$port" \
    --advertise-client-urls "http://127.0.0.1:$port" --listen-peer-urls http://127.0.0.1:0 \
    --initial-advertise-peer-urls http://127.0.0.1:1 --initial-cluster flotilla=http://127.0.0.1:1 \
    --unsafe-no-fsync --log-level warn
}

answers() {
  ETCDCTL_API=3 etcdctl --endpoints "http://127.0.0.1:$port" endpoint health
}

setup() {
  :
}

environment() {
  echo "FLOTILLA_TEST_ETCD_URL=http://127.0.0.1:$port"
}
