#!/bin/sh
# Prepares the virtual environment named by $1 from the lock file. Needs Python 3.11 or newer; where Debian's
# python3 came without its venv module, and this runs as root (or sudo answers), installs that package too.
set -eu
venv=$1
root=$(cd "$(dirname "$0")/.." && pwd)

python=""
for candidate in python3.11 python3 python3.12 python3.13; do
  if command -v "$candidate" >/dev/null 2>&1 &&
     "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "Doorlist needs Python 3.11 or newer on the PATH. On Debian: apt-get install python3" >&2
  exit 1
fi

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  echo "installing python$version-venv, which Debian keeps apart from Python"
  if ! { as_root apt-get update -q && as_root apt-get install -yq "python$version-venv"; } >/dev/null; then
    echo "The venv module is missing. Install it as root: apt-get install python$version-venv" >&2
    exit 1
  fi
fi

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r "$root/requirements/lock.txt"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e "$root"
