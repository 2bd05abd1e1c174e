#!/bin/sh
# Sees to it that the tests find the programs of Debian that they drive: a Chromium, and xmlsec1, by which an identity
# provider of others signs. What is missing is installed where root (or a sudo that asks nothing) allows it. The tests take
# the first Chromium of these names on the PATH; TEST_BROWSER names another. Without xmlsec1 its tests say that they skip.
set -eu

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

install() {
  echo "Installing $1 for the tests"
  { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends "$1"; } \
    >/dev/null
}

has_chromium() {
  [ -n "${TEST_BROWSER:-}" ] && return
  for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null && return
  done
  return 1
}

has_chromium || install chromium || {
  echo "Chromium is missing. Install it as root and run make again: apt-get install chromium" >&2
  exit 1
}
command -v xmlsec1 >/dev/null || install xmlsec1 || echo "xmlsec1 is missing: its tests are skipped. As root: apt-get install xmlsec1"
