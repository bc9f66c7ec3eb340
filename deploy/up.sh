#!/bin/sh
# Build and start the containers, and print the address of the page. Usage: up.sh [NUMBER], the containers of the
# service, by default one.
set -eu
cd "$(dirname "$0")/.."
number=${1:-}
compose() { sh deploy/compose.sh "$@"; }
stop() {
  echo "$1" >&2
  exit 1
}
case $number in
  "" | [1-9] | [1-9][0-9]) ;;
  *) stop "SCALE=$number is not a number of containers from 1 to 99; name one, as in: make up SCALE=2" ;;
esac
# In the configuration that Compose prints, a service is indented by two spaces, and its fields by four.
if [ "${number:-1}" -gt 1 ] && compose config |
  awk '/^  [^ ]/ {service = $1} service == "api:" && /^    ports:/ {found = 1} END {exit !found}'; then
  stop "The service is published on a port, which several containers cannot share; use one origin, or leave out SCALE."
fi
compose up --build --detach ${number:+--scale "api=$number"}
echo "The page is at http://$(compose port web 8080)/"
