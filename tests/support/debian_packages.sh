#!/usr/bin/env bash
# Puts programs of Debian's into .cache: clickhouse-server (18.16, a real and very old server) for the tests of handshake,
# TLS, wrong password and "too old", and redis-server for those of what several servers share. Nothing is installed on
# the machine; where Debian's tools are missing those tests skip.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages() { # a program's, and those of its libraries that the machine lacks
  apt-get install -s --no-install-recommends "$1" 2>/dev/null | awk '/^Inst/ { print $2 }' | grep -v mysql-common
}

unpack() { # a program into a folder
  local target=.cache/$2 names
  [ -e "$target/ready" ] && return
  names=$(packages "$1" || true)
  if [ -z "$names" ]; then apt-get update -qq >/dev/null 2>&1 || true; names=$(packages "$1" || true); fi
  mkdir -p "$target/debs"
  # shellcheck disable=SC2086
  if ! (cd "$target/debs" && apt-get download $names >/dev/null 2>&1); then
    echo "Debian's $1 could not be fetched; the tests that need it will skip." >&2
    return
  fi
  for package in "$target"/debs/*.deb; do dpkg -x "$package" "$target"; done
  rm -r "$target/debs"
  touch "$target/ready"
}

command -v apt-get >/dev/null && command -v dpkg >/dev/null || exit 0
if [ $# -eq 0 ]; then set -- clickhouse-server redis-server; fi
for program in "$@"; do
  case $program in
    clickhouse-server) unpack "$program" clickhouse-18.16 ;;
    *) unpack "$program" "debian-$program" ;;
  esac
done
