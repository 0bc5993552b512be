#!/bin/sh
# Makes the secrets of docker-compose.yml that are missing, and writes each consumer's files. FOLDER/state keeps them:
# passwords, tokens, and an authority whose only certificate is that of Postgres.
# usage: make-secrets.sh FOLDER
set -eu
umask 077
cd "$1"

# 256 random bits, in letters and digits that stand in a URL as they are.
random() {
  od -An -v -tx1 -N32 /dev/urandom | tr -d ' \n'
}

# A file appears complete or not at all. Each volume is one consumer's, whose user is not root.
write() {
  mkdir -p "${1%/*}"
  printf '%s\n' "$2" >"$1.new"
  chmod "$3" "$1.new"
  mv -f "$1.new" "$1"
}

secret() {
  if [ ! -s "state/$1" ]; then write "state/$1" "$(random)" 0600; fi
  cat "state/$1"
}

give() {
  write "$1" "$2" 0444
}

# url ROLE PASSWORD DATABASE
url() {
  printf 'postgres://%s:%s@postgres:5432/%s?sslmode=verify-full&sslrootcert=/run/secrets/ca.crt' "$1" "$2" "$3"
}

# Ten years each. To renew them, remove state/server.crt.
certificates() {
  new='-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
  # $new is several words.
  # shellcheck disable=SC2086
  openssl req -x509 $new -days 3650 -subj '/CN=order-saga of docker compose' \
    -addext 'keyUsage=critical,keyCertSign' -keyout state/ca.key -out state/ca.crt &&
    openssl req $new -subj /CN=postgres -keyout state/server.key -out state/server.csr &&
    printf 'subjectAltName=DNS:postgres\nextendedKeyUsage=serverAuth\n' >state/server.ext &&
    openssl x509 -req -in state/server.csr -days 3650 -CA state/ca.crt -CAkey state/ca.key -CAcreateserial \
      -extfile state/server.ext -out state/server.crt.new &&
    # The last step: a start that was interrupted begins again.
    mv -f state/server.crt.new state/server.crt
}

# Assignments, because only they end the script when a command in them fails.
admin=$(secret postgres)
temporal=$(secret temporal-postgres)
tokens=$(secret service-tokens)
if [ ! -s state/server.crt ]; then
  mkdir -p state
  log=$(certificates 2>&1) || { printf '%s\n' "$log" >&2; exit 1; }
fi
ca=$(cat state/ca.crt)
certificate=$(cat state/server.crt)
key=$(cat state/server.key)
give postgres/password "$admin"
give postgres/server.crt "$certificate"
write postgres/server.key "$key" 0400
# 999 is `postgres` in its image, which refuses a key that others may read. Not root: a test, on any machine.
if [ "$(id -u)" = 0 ]; then chown 999:999 postgres/server.key; fi
give migrations/ca.crt "$ca"
give temporal-postgres/password "$temporal"
give migrations/admin-url "$(url postgres "$admin" postgres)"

for pair in order:orders customer:customers history:order_history; do
  service=${pair%:*}
  database=${pair#*:}
  owner=$(secret "$service-owner")
  password=$(secret "$service-service")
  login=$(url "${service}_service" "$password" "$database")
  give "migrations/$service-owner-url" "$(url "${service}_owner" "$owner" "$database")"
  give "migrations/$service-url" "$login"
  give "$service/url" "$login"
  give "$service/service-tokens" "$tokens"
  give "$service/ca.crt" "$ca"
done
