#!/bin/sh
# Prepares the virtual environment named by $1 from the lock file, again and again without harm. Needs Python 3.11 or
# newer; where Debian's python3 came without its venv module, and this runs as root (or sudo asks nothing), installs
# that package too. Speaks only when something takes long or goes wrong.
set -eu
unset PYTHONHOME PYTHONPATH
venv=$1
root=$(cd "$(dirname "$0")/.." && pwd)

fail() {
  printf '%s\n' "$@" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

find_python() {
  for candidate in python3.11 python3 python3.12 python3.13 python3.14; do
    if "$candidate" -c 'import sys; raise SystemExit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
  fail "Doorlist needs Python 3.11 or newer on the PATH. On Debian, as root: apt-get install python3"
}

# Debian keeps venv and ensurepip in a package apart from Python.
ensure_venv_module() {
  "$python" -c 'import ensurepip, venv' 2>/dev/null && return
  package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
  echo "Installing $package, which Debian keeps apart from Python"
  command -v apt-get >/dev/null || fail "Python's modules venv and ensurepip are missing. Install them and run make again."
  { as_root apt-get update -qq && as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qqy "$package"; } \
    >/dev/null || fail "Python's module venv is missing. Install it as root and run make again: apt-get install $package"
}

# A creation that was cut off leaves a Python without pip.
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
  python=$(find_python)
  ensure_venv_module
  echo "Preparing $venv; the first time takes a minute"
  "$python" -m venv --clear "$venv" || fail "The virtual environment $venv could not be created."
fi

pip() {
  "$venv/bin/python" -m pip --quiet --disable-pip-version-check install --no-deps "$@" ||
    fail "The packages could not be installed. Is the package index reachable? Run make again once it is."
}
pip --require-hashes --requirement "$root/requirements/lock.txt"
pip --no-build-isolation --editable "$root"
