#!/bin/sh
# Makes a root file system of its own with Asterisk 22 and the prompt voice, beside the host's packages, and prints its folder.
# Usage: obtain.sh CACHE_FOLDER. Root is needed to make it (sudo is used when there), not to run it.
#
# Debian 12 carries no Asterisk; Debian sid does. Its packages must never be installed into the host: they replace the C library.
set -eu

cache=$1
packages=ca-certificates,asterisk,asterisk-modules,asterisk-config,libttspico-utils
key=$(printf '%s 1' "$packages" | sha256sum | cut -c1-12)
root=$cache/asterisk-$key

if [ -x "$root/usr/sbin/asterisk" ]; then
    echo "$root"
    exit 0
fi

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "making the Asterisk root file system needs root or sudo: run this once as root" >&2; exit 1; }
    as_root=sudo
fi
command -v mmdebstrap >/dev/null || { echo "mmdebstrap is missing: apt-get install mmdebstrap" >&2; exit 1; }

mkdir -p "$cache"
unfinished=$cache/asterisk-$key.unfinished.$$
trap '$as_root rm -rf "$unfinished"' EXIT
echo "making a root file system with Asterisk 22 in $root (about 30 to 90 s, once)" >&2
# The release files of a moving suite may have expired on a mirror; signatures are still checked.
$as_root mmdebstrap --variant=minbase --components=main,non-free \
    --aptopt='Acquire::Check-Valid-Until "false"' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --include="$packages" sid "$unfinished" >&2
$as_root mv -T "$unfinished" "$root"
echo "$root"
