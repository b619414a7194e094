#!/usr/bin/env bash
# Puts Debian's clickhouse-server (18.16, a real and very old server) into .cache, for the tests of handshake, TLS,
# wrong password and "too old". Nothing is installed on the machine; where Debian's tools are missing those tests skip.
set -euo pipefail
cd "$(dirname "$0")/../.."
target=.cache/clickhouse-18.16
[ -e "$target/ready" ] && exit 0
command -v apt-get >/dev/null && command -v dpkg >/dev/null || exit 0

packages() { # the server, and those of its libraries that the machine lacks
  apt-get install -s --no-install-recommends clickhouse-server 2>/dev/null | awk '/^Inst/ { print $2 }' | grep -v mysql-common
}
names=$(packages || true)
if [ -z "$names" ]; then apt-get update -qq >/dev/null 2>&1 || true; names=$(packages || true); fi
mkdir -p "$target" .cache/debs
# shellcheck disable=SC2086
(cd .cache/debs && apt-get download $names >/dev/null 2>&1) ||
  { echo "Debian's clickhouse-server could not be fetched; the tests that need it will skip." >&2; exit 0; }
for package in .cache/debs/*.deb; do dpkg -x "$package" "$target"; done
touch "$target/ready"
