#!/bin/sh
# Run Docker Compose, the plugin or the standalone program, or report what is missing. Usage: compose.sh ARGUMENTS...
set -eu
cd "$(dirname "$0")/.."
stop() {
  echo "$1" >&2
  exit 1
}
command -v docker > /dev/null ||
  stop "Docker is not installed; install it, or run inkdigits without containers: make run"
docker info > /dev/null 2>&1 ||
  stop "The Docker engine does not respond; start it, or get permission to use it, and try again."
if docker compose version > /dev/null 2>&1; then
  exec docker compose "$@"
fi
command -v docker-compose > /dev/null ||
  stop "Docker Compose is not installed; install the Docker plugin or docker-compose, and try again."
exec docker-compose "$@"
