# shellcheck shell=bash disable=SC2034
# MariaDB: stands for MySQL. The -core packages bring the programs without an instance of the distribution's.
packages="mariadb-server-core mariadb-client-core"
binaries="mariadbd mariadb-install-db mariadb"
port=13306

# A socket path may have 107 bytes.
socket() {
  if [ ${#dir} -lt 90 ]; then echo "$dir/server.sock"; else echo "/tmp/flotilla-mariadb-$port.sock"; fi
}

prepare() {
  [ -d "$dir/data/mysql" ] && return
  rm -rf "$dir/data"
  mariadb-install-db --no-defaults --user="$(id -un)" --datadir="$dir/data" --skip-test-db \
    --auth-root-authentication-method=socket --auth-root-socket-user="$(id -un)"
}

run() {
  exec mariadbd --no-defaults --user="$(id -un)" --datadir="$dir/data" --bind-address=127.0.0.1 --port="$port" \
    --socket="$(socket)" --pid-file="$dir/mariadbd.pid" --skip-name-resolve --skip-log-bin \
    --innodb-flush-log-at-trx-commit=2 --character-set-server=utf8mb4 --collation-server=utf8mb4_bin
}

query() {
  mariadb --no-defaults --socket="$(socket)" --user=root --batch --execute="$1"
}

answers() {
  query 'select 1'
}

setup() {
  query "create user if not exists flotilla@'127.0.0.1' identified by 'flotilla';
    grant all on \`flotilla\\_%\`.* to flotilla@'127.0.0.1';
    create database if not exists flotilla_test;"
}

environment() {
  echo "FLOTILLA_TEST_MARIADB_URL=mysql://flotilla:flotilla@127.0.0.1:$port/flotilla_test"
}
