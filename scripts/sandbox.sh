#!/bin/sh
# Usage: sandbox.sh COMMAND...
# Runs a command as root of a mount namespace of its own, which has an empty directory /charm.
set -eu
PATH="$PATH:/usr/sbin:/sbin" # chroot is there, which is not on everybody's PATH
root="$PWD/.cache/root"

if test "$1" != --inside; then
    mkdir -p "$root"
    user=--map-root-user
    test "$(id -u)" != 0 || user=
    unshare --mount $user true || {
        echo "A mount namespace is needed: run this as root, or let users have namespaces."
        exit 1
    }
    exec unshare --mount $user "$0" --inside "$@"
fi
shift
mount -t tmpfs root "$root"
for path in /*; do
    if test -L "$path"; then
        cp -P "$path" "$root/"
    elif test -d "$path" && test "$path" != /charm; then
        mkdir "$root$path"
        mount --rbind "$path" "$root$path"
    fi
done
mkdir "$root/charm"
exec chroot "$root" sh -c 'cd "$0" && exec "$@"' "$PWD" "$@"
