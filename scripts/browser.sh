#!/bin/sh
# Sees to it that the browser tests find a Chromium: Debian's, installed here where it is missing and root (or a sudo
# that asks nothing) allows it. The tests take the first of these names on the PATH; TEST_BROWSER names another.
set -eu
[ -n "${TEST_BROWSER:-}" ] && exit 0
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}
echo "Installing chromium for the browser tests"
{ as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qqy --no-install-recommends chromium; } \
  >/dev/null || {
  echo "Chromium is missing. Install it as root and run make again: apt-get install chromium" >&2
  exit 1
}
