#!/bin/sh
# Makes the secrets of docker-compose.yml that are missing, and writes each consumer's files. FOLDER/state keeps them.
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
  printf 'postgres://%s:%s@postgres:5432/%s' "$1" "$2" "$3"
}

# Assignments, because only they end the script when a command in them fails.
admin=$(secret postgres)
temporal=$(secret temporal-postgres)
tokens=$(secret service-tokens)
give postgres/password "$admin"
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
done
