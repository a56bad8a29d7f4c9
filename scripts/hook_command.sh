#!/bin/sh
# Stands for any hook command, at the least cost: notes the call, and gives the answer that is ready.
directory="${0%/*}"
call="${0##*/} $*"
echo "$call" >> "$directory/calls"
case "$call" in
    *-get* | *-ids* | *-list* | is-leader* | opened-ports*) . "$directory/$call" ;;
esac
