#!/bin/bash
# Sets up what this checkout needs on Debian 12: system packages, a Python environment in .venv, then `centralino setup` for the rest.
# Usage: setup.sh [dev]. Safe to run again: what is there is left alone. Nothing outside the checkout, the cache folder and apt is touched.
set -euo pipefail
cd "$(dirname "$0")"

flavour=${1:-run}
packages=(bubblewrap mmdebstrap openssl postgresql python3-venv redis-server zstd)
[ "$flavour" = dev ] && packages+=(espeak-ng nftables prometheus sip-tester sox)

step() { printf '\n== %s\n' "$*" >&2; }

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    step "installing system packages: ${missing[*]}"
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || { echo "root or sudo is needed once, to install: ${missing[*]}" >&2; exit 1; }
        as_root=(sudo)
    fi
    "${as_root[@]}" apt-get update -qq
    # The package would start a cluster and a server of its own; the platform runs private ones instead.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
fi

stamp_of() { echo ".venv/installed-$1-$(cat "requirements/$1.lock" pyproject.toml | sha256sum | cut -c1-16)"; }

locks=(run)
[ "$flavour" = dev ] && locks+=(dev)
to_install=()
for lock in "${locks[@]}"; do
    [ -e "$(stamp_of "$lock")" ] || to_install+=("$lock")
done
if [ ${#to_install[@]} -gt 0 ]; then
    step "making the Python environment in .venv (a few minutes, once)"
    python=$(command -v python3.11 || command -v python3)
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $("$python" --version) is here" >&2; exit 1; }
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    for lock in "${to_install[@]}"; do
        .venv/bin/pip install -qq --disable-pip-version-check --require-hashes -r "requirements/$lock.lock"
    done
    .venv/bin/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e . 2>/dev/null ||
        .venv/bin/pip install -qq --disable-pip-version-check --no-deps -e .
    for lock in "${to_install[@]}"; do
        touch "$(stamp_of "$lock")"
    done
fi

.venv/bin/centralino setup
