#!/bin/sh
# Replace the running service with a new build without dropping a request: start the new containers beside the
# old ones, wait until they are healthy, and only then stop the old ones, which drain first.
# Usage: replace.sh [NUMBER], the new containers, by default as many as are running.
set -eu
cd "$(dirname "$0")/.."
WAIT_S=${INKDIGITS_REPLACE_S:-120}
compose() { sh deploy/compose.sh "$@"; }
stop() {
  echo "$1" >&2
  exit 1
}

number=${1:-}
case $number in
  "" | [1-9] | [1-9][0-9]) ;;
  *) stop "SCALE=$number is not a number of containers from 1 to 99; name one, as in: make replace SCALE=2" ;;
esac
running=$(compose ps --quiet api)
[ -n "$running" ] || stop "The service is not running; start it with: make up"
# shellcheck disable=SC2086 # one word for each container
set -- $running
for old; do
  [ "$(docker inspect --format '{{len .HostConfig.PortBindings}}' "$old")" = 0 ] ||
    stop "The service is published on a port, which two containers cannot share; use make up, which replaces it with a few seconds of downtime."
done
number=${number:-$#}

# Print the containers that were not running before, whatever their state.
new() {
  for container in $(compose ps --all --quiet api); do
    case " $running " in *"$container"*) ;; *) echo "$container" ;; esac
  done
}
compose build api
compose up --detach --no-deps --no-recreate --scale "api=$(($# + number))" api
until_s=$(($(date +%s) + WAIT_S))
while :; do
  started=$(new)
  # shellcheck disable=SC2086
  healthy=$(docker inspect --format '{{.State.Health.Status}}' $started 2> /dev/null | grep -cx healthy || true)
  [ "$healthy" -lt "$number" ] || break
  if [ "$(date +%s)" -gt $until_s ]; then
    for container in $started; do docker logs --tail 20 "$container" >&2; done
    # shellcheck disable=SC2086
    [ -z "$started" ] || docker rm --force $started > /dev/null
    stop "The new service is not healthy after $WAIT_S s; the end of its log is above. The old one keeps running."
  fi
  sleep 1
done
echo "The new service is healthy; the old one is draining."
docker stop "$@" > /dev/null
docker rm "$@" > /dev/null
