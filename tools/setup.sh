#!/bin/sh
# Brings what faquarry needs into this folder: Java (Debian's, when missing and allowed), .venv, Delta's jars.
# A second call takes a second: it compares a stamp. FAQUARRY_EXTRAS chooses the extras (default: all that tests need).
set -eu
cd "$(dirname "$0")/.."

extras=${FAQUARRY_EXTRAS:-models,extruct,langdetect,fasttext,tensorboard,dev}
stamp=.venv/.faquarry-setup
wanted=$({ cat constraints.txt pyproject.toml tools/setup.sh; echo "$extras $PWD"; } | sha256sum)
if [ -x .venv/bin/faquarry ] && [ "$(cat $stamp 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
  exit 0
fi

say() { printf 'setup: %s\n' "$1"; }
fail() { printf 'setup: %s\n' "$1" >&2; exit 2; }
# Debian packages are installed only by root, and only where apt is.
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install_package() {
  say "installing $1 (Debian)"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1"; } >/dev/null 2>&1 \
    || fail "apt-get could not install $1: install it by hand, then run make setup again."
}

python=
for name in ${PYTHON:-python3.11 python3.12 python3}; do
  if command -v "$name" >/dev/null && "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' 2>/dev/null; then
    python=$name
    break
  fi
done
[ -n "$python" ] || fail "Python 3.11 or 3.12 is needed: apt-get install python3, or name one with PYTHON=/path/to/python3."

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if ! command -v "$java" >/dev/null || ! "$java" -version 2>&1 | grep -qE 'version "(17|21)'; then
  if may_install; then
    install_package openjdk-17-jre-headless
  else
    fail "Java 17 or 21 is needed: apt-get install openjdk-17-jre-headless (as root), or set JAVA_HOME."
  fi
fi

if [ ! -x .venv/bin/python ]; then
  if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if may_install; then
      install_package python3-venv
    else
      fail "Python's venv module is needed: apt-get install python3-venv (as root)."
    fi
  fi
  "$python" -m venv .venv
fi
# uv trusts what the system trusts: a company's own certificates work too.
export UV_SYSTEM_CERTS=1
say "Python packages ($extras) into .venv; the first time takes about two minutes and 6 GB"
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv \
  || fail "pip could not install uv: is a package index reachable?"
.venv/bin/uv pip install --quiet --python .venv/bin/python --compile-bytecode -c constraints.txt -e ".[$extras]" \
  || fail "the Python packages could not be installed (the lines above say why)."

say "Delta's jars"
.venv/bin/python -m faquarry.spark.jars || fail "Delta's jars could not be fetched."
say "what Java loads at every start (half a minute, once)"
.venv/bin/python -m faquarry.spark.classes || say "without it sessions start as well, some seconds later"
printf '%s\n' "$wanted" >$stamp
