#!/bin/sh
# Any of Juju's hook tools, at the least cost: notes its call, and answers what the model has ready
# for these very words. Answers are shell, since to source a file is cheaper than to read it.
directory="${0%/*}/.."
tool="${0##*/}"
written=""
fault=""
left=0
test "$tool" = relation-set && read -r written

# A fault, where a test wants one: what happens, and how many calls are left until it does.
if test -f "$directory/fault"; then
    . "$directory/fault"
    echo "fault=$fault left=$((left - 1))" > "$directory/fault"
    test "$left" = 0 || fault=""
fi
case "$fault" in
    killed-before)
        kill -9 "$PPID"
        exit 1
        ;;
    fails)
        echo "ERROR the controller is not available" >&2
        exit 1
        ;;
esac
printf '%s\0' "$tool $*" "$written" >> "$directory/calls"
test "$fault" = killed-after && kill -9 "$PPID"

answer="$directory/answers/$tool $*"
case "$tool" in
    *-get | *-ids | *-list | is-leader | opened-ports)
        test -f "$answer" && . "$answer" && exit
        echo "ERROR no answer is ready for: $tool $*" >&2
        exit 1
        ;;
esac
