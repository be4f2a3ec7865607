#!/bin/sh
# What `make run` does once everything is built: publish the example, serve it, ask it twice, and go
# on serving until Ctrl-C.
# usage: run.sh VERDICT DIRECTORY [ADDRESS]
set -eu

verdict=$1
directory=$2
address=${3:-127.0.0.1:7070}
example=$(dirname "$0")/acme

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

# Shows a command as one would type it, then runs it. A deny exits 2, which is an answer here.
show() {
  printf '$ %s\n' "$*"
  "$@" || [ $? -eq 2 ]
}

rm -rf "$directory"
mkdir -p "$directory"

say "Publish the example's policies into a control directory"
show "$verdict" publish "$example" --control "$directory/control"

say "Serve them on $address"
printf '$ %s\n' "$verdict serve --control $directory/control --listen $address"
# In a session of its own: Ctrl-C reaches this script alone, which then asks the server to drain.
setsid "$verdict" serve --control "$directory/control" --listen "$address" &
server=$!
ended=""
trap 'ended=yes; kill -TERM "$server" 2>/dev/null || true' INT TERM HUP
trap 'kill -TERM "$server" 2>/dev/null || true' EXIT

tries=0
until "$verdict" check --server "$address" --organization acme --principal user:mia \
  --workspace prod --action view > "$directory/first-answer" 2>&1; do
  tries=$((tries + 1))
  if ! kill -0 "$server" 2>/dev/null || [ "$tries" -ge 100 ]; then
    cat "$directory/first-answer" >&2
    exit 1
  fi
  sleep 0.1
done

ask() {
  show "$verdict" check --server "$address" --organization acme --principal user:mia \
    --workspace prod "$@"
}
say "An ALLOW: Mia may edit source S1"
ask --action edit --resource event_stream_source/S1
say "A DENY and its reason: she may not edit source S3"
ask --action edit --resource event_stream_source/S3

say "Serving on $address until Ctrl-C; try the commands above in a second terminal"
# `wait` ends early when a signal is trapped; the second one waits for the drain.
status=0
wait "$server" || status=$?
if [ "$ended" ]; then
  status=0
  wait "$server" || status=$?
fi
trap - EXIT
exit "$status"
