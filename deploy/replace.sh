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

old=$(compose ps --quiet api)
[ -n "$old" ] || stop "No service runs; start it with: make up"
for container in $old; do
  [ "$(docker inspect --format '{{len .HostConfig.PortBindings}}' "$container")" = 0 ] ||
    stop "The service is published at a port, which two cannot have at once; make up replaces it, with a gap of seconds."
done
compose build api
# shellcheck disable=SC2086 # words, one for each container
set -- $old
compose up --detach --no-deps --no-recreate --scale "api=$((2 * $#))" api

new=
for container in $(compose ps --quiet api); do
  case " $* " in *" $container "*) ;; *) new="$new $container" ;; esac
done
for container in $new; do
  left_s=$WAIT_S
  until [ "$(docker inspect --format '{{.State.Health.Status}}' "$container")" = healthy ]; do
    left_s=$((left_s - 1))
    if [ $left_s -le 0 ]; then
      docker logs --tail 20 "$container" >&2
      # shellcheck disable=SC2086
      docker rm --force $new > /dev/null
      stop "The new service is not ready after $WAIT_S s, and its last words are above. The old one serves on."
    fi
    sleep 1
  done
done
echo "The new service is ready; the old one drains."
docker stop "$@" > /dev/null
docker rm "$@" > /dev/null
