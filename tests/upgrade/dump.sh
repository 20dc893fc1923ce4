#!/usr/bin/env bash
# Makes the dumps of this folder anew, with the binary of the release that is to be upgraded from:
#   dump.sh path/to/rondo postgres://user@host/an_empty_database
# Needs node, sqlite3, pg_dump.
set -euo pipefail
rondo=$(realpath "$1") postgres=$2
cd "$(dirname "${BASH_SOURCE[0]}")"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

fill() { # the address of the database
    local log=$folder/log url
    DATABASE_URL=$1 DATA_DIR=$folder DEMO=off RATE_LIMIT=off BCRYPT_COST=4 PORT=0 "$rondo" serve >"$log" 2>&1 &
    local server=$!
    for _ in $(seq 100); do
        url=$(sed -n 's|.*listening on \(http://[^ ]*\)$|\1|p' "$log" | head -n 1)
        [[ -n $url ]] && break
        sleep 0.1
    done
    node make.mjs "$url"
    kill "$server"
    wait "$server"
}

fill "sqlite://$folder/rondo.db?mode=rwc"
sqlite3 "$folder/rondo.db" .dump >sqlite.sql
fill "$postgres"
# What psql alone understands is left out.
pg_dump --no-owner --no-privileges --inserts --rows-per-insert=100 "$postgres" | grep -v '^\\' >postgres.sql
