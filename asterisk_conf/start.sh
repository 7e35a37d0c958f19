#!/bin/bash
# Runs Asterisk from the root file system ROOT ("/" is the host's own) with the files in HOME, isolated by bubblewrap and not as root.
# Usage: start.sh ROOT HOME SOUNDS [ASTERISK ARGS]; `start.sh ROOT HOME SOUNDS -rx 'core show channels'` is its command line.
# Paths inside are the paths outside, so no file needs two names. The network is the host's.
set -euo pipefail

root=${1%/} home=$2 sounds=$3
shift 3
service_uid=64101 # of nobody else on Debian; only used when started by root

sandbox=(bwrap --unshare-pid --unshare-ipc --die-with-parent --tmpfs /
    --ro-bind "$root/usr" /usr --symlink usr/bin /bin --symlink usr/sbin /sbin --symlink usr/lib /lib --symlink usr/lib64 /lib64
    --ro-bind "$root/etc" /etc --proc /proc --dev /dev --tmpfs /tmp --tmpfs /run)

# Folders above a mount point are made open to the service user: under /root they would be closed.
open_parents() {
    local path='' step
    IFS=/ read -ra steps <<<"${1#/}"
    for step in "${steps[@]::${#steps[@]}-1}"; do
        path+=/$step
        sandbox+=(--perms 0755 --dir "$path")
    done
}
open_parents "$home"
sandbox+=(--bind "$home" "$home")
open_parents "$sounds"
sandbox+=(--ro-bind "$sounds" "$sounds")

if [ "$(id -u)" -eq 0 ]; then
    chown -R "$service_uid:$service_uid" "$home"
    sandbox+=(--cap-add CAP_SETUID --cap-add CAP_SETGID --)
    sandbox+=(setpriv --reuid="$service_uid" --regid="$service_uid" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all)
else
    sandbox+=(--unshare-user --)
fi
exec "${sandbox[@]}" /usr/sbin/asterisk -C "$home/etc/asterisk.conf" "${@:--f}"
