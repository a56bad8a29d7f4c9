#!/bin/sh
# Any of Juju's hook tools, at the least cost: notes its call, and answers what the model has ready
# for these very words. Answers are shell, since to source a file is cheaper than to read it.
tools="${0%/*}"
tool="${0##*/}"
written=""
test "$tool" = relation-set && read -r written
printf '%s\0' "$tool $*" "$written" >> "$tools/../calls"

answer="$tools/../answers/$tool $*"
case "$tool" in
    *-get | *-ids | *-list | is-leader | opened-ports)
        test -f "$answer" && . "$answer" && exit
        echo "ERROR the bench has no answer for: $tool $*" >&2
        exit 1
        ;;
esac
