#!/bin/sh
# Replaces the running service by a newly built one, and no request is dropped: the new one is started beside
# the old one and waited for, and only then is the old one told to end, which it does when it has drained.
set -eu
cd "$(dirname "$0")/.."
WAIT_S=${INKDIGITS_REPLACE_S:-120}
compose() { sh deploy/compose.sh "$@"; }
stop() {
  echo "$1" >&2
  exit 1
}

running=$(compose ps --quiet api)
[ -n "$running" ] || stop "No service runs; start it with: make up"
# shellcheck disable=SC2086 # words, one for each container
set -- $running
for old; do
  [ "$(docker inspect --format '{{len .HostConfig.PortBindings}}' "$old")" = 0 ] ||
    stop "The service is published at a port, which two cannot have at once; make up replaces it, with a gap of seconds."
done

# Those of the service that did not run before, whatever has become of them.
new() {
  for container in $(compose ps --all --quiet api); do
    case " $running " in *"$container"*) ;; *) echo "$container" ;; esac
  done
}
compose build api
compose up --detach --no-deps --no-recreate --scale "api=$((2 * $#))" api
until_s=$(($(date +%s) + WAIT_S))
while :; do
  started=$(new)
  # shellcheck disable=SC2086
  healthy=$(docker inspect --format '{{.State.Health.Status}}' $started 2> /dev/null | grep -cx healthy || true)
  [ "$healthy" -lt $# ] || break
  if [ "$(date +%s)" -gt $until_s ]; then
    for container in $started; do docker logs --tail 20 "$container" >&2; done
    # shellcheck disable=SC2086
    [ -z "$started" ] || docker rm --force $started > /dev/null
    stop "The new service is not ready after $WAIT_S s, and its last words are above. The old one serves on."
  fi
  sleep 1
done
echo "The new service is ready; the old one drains."
docker stop "$@" > /dev/null
docker rm "$@" > /dev/null
