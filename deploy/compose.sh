#!/bin/sh
# Runs Compose, whichever is here: compose.sh ARGUMENTS... Where there is none, one sentence says so.
set -eu
cd "$(dirname "$0")/.."
stop() {
  echo "$1" >&2
  exit 1
}
command -v docker > /dev/null ||
  stop "Docker is not installed; install it, or run inkdigits without containers: make run"
docker info > /dev/null 2>&1 ||
  stop "The Docker engine does not answer; start it, or ask for the right to use it, and try again."
if docker compose version > /dev/null 2>&1; then
  exec docker compose "$@"
fi
command -v docker-compose > /dev/null ||
  stop "Docker Compose is not installed; install it as Docker's plugin or as docker-compose, and try again."
exec docker-compose "$@"
