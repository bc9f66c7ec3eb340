"""The containers under their own project name, managed with the Makefile."""

import json
import os
import shlex
import socket
import subprocess
import time
import uuid
from contextlib import contextmanager
from pathlib import Path

from serving import predict, request, until

ROOT = Path(__file__).parents[2]
# The Dockerfile arguments that name a base image, and a part of that image's name.
BASES = {"PYTHON_IMAGE": "python", "NODE_IMAGE": "node", "NGINX_IMAGE": "nginx"}
HEALTHY_S = 180


def run(*command, timeout=600, **options):
    """Run a command in the project's root; return its output, or fail with it."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        **options,
    )
    assert done.returncode == 0, f"{shlex.join(command)}: status {done.returncode}\n{done.stdout}"
    return done.stdout.strip()


def docker(*arguments, **options):
    return run("docker", *arguments, **options)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def base_images():
    """The base images by Dockerfile argument; the Dockerfile's default applies to any other.

    INKDIGITS_BASE_IMAGES names a program that builds such images and prints one line per image,
    starting with its tag.
    """
    program = os.environ.get("INKDIGITS_BASE_IMAGES")
    if not program:
        return {}
    tags = [line.split()[0] for line in run(*shlex.split(program)).splitlines() if line.split()]
    return {
        argument: tag
        for argument, name in BASES.items()
        for tag in tags
        if name in tag.partition(":")[0].rpartition("/")[2]
    }


def send(stack, method, path, content=None, token=None):
    """Send a request; return the status and what is in the response."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    body = None if content is None else json.dumps(content)
    status, _, response = request(stack.address, method, f"/api/v1/{path}", body, headers)
    return status, response


class Stack:
    """The two containers of one project.

    settings  environment variables
    """

    def __init__(self, **settings):
        self.project = f"inkdigits-test-{uuid.uuid4().hex[:8]}"
        ours = {
            "COMPOSE_PROJECT_NAME": self.project,
            "INKDIGITS_TAG": "test",
            "INKDIGITS_WEB_PORT": free_port(),
        }
        # The variables of an outer make must not reach an inner one.
        outer = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        self.environment = outer | {k: str(v) for k, v in (ours | settings).items()}

    @property
    def address(self):
        return f"http://127.0.0.1:{self.environment['INKDIGITS_WEB_PORT']}"

    def make(self, target, *variables):
        return run("make", "--no-print-directory", target, *variables, env=self.environment)

    def compose(self, *arguments):
        return run("sh", "deploy/compose.sh", *arguments, env=self.environment)

    def remove(self):
        """Remove everything, also the volume that `make down` keeps."""
        self.compose("down", "--remove-orphans", "--volumes")

    def containers(self, service):
        """The ids of the containers of a service, running or not."""
        project = f"label=com.docker.compose.project={self.project}"
        name = f"label=com.docker.compose.service={service}"
        return docker(
            "ps", "--all", "--quiet", "--no-trunc", "--filter", project, "--filter", name
        ).split()

    def container(self, service):
        (container,) = self.containers(service)
        return container

    def inspect(self, service):
        return json.loads(docker("inspect", self.container(service)))[0]

    def inside(self, service, script):
        """Run a script in the container; return its output."""
        return docker("exec", self.container(service), "sh", "-c", script)

    def healthy(self):
        return all(
            json.loads(docker("inspect", container))[0]["State"]["Health"]["Status"] == "healthy"
            for service in ("api", "web")
            for container in self.containers(service)
        )

    def log(self, service):
        """The JSON lines in the log of a service."""
        lines = docker("logs", self.container(service)).splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def left(self):
        """The containers, networks and volumes of the project."""
        project = f"label=com.docker.compose.project={self.project}"
        return {
            kind: docker(*command, "--quiet", "--filter", project)
            for kind, command in {
                "containers": ("ps", "--all"),
                "networks": ("network", "ls"),
                "volumes": ("volume", "ls"),
            }.items()
        }

    def browser(self, *, grep=".", **settings):
        """Run the page's tests of a deployed page in a real browser."""
        given = {"INKDIGITS_PAGE": f"{self.address}/"} | settings
        environment = self.environment | given
        return run(
            *("npm", "--prefix", "web", "run", "deployed", "--", "--grep", grep),
            env=environment,
            timeout=300,
        )


@contextmanager
def started(figures, name, scale=None, **settings):
    """Start the containers and wait until they are healthy; print their logs after a failure.

    scale  containers of the service
    """
    stack = Stack(**settings)
    try:
        stack.compose("build")
        since = time.monotonic()
        stack.make("up", *([] if scale is None else [f"SCALE={scale}"]))
        until(stack.healthy, HEALTHY_S)
        figures[f"from make up to healthy, {name}"] = f"{time.monotonic() - since:.1f} s"
        yield stack
    except BaseException:
        print(
            subprocess.run(
                ["sh", "deploy/compose.sh", "logs", "--tail", "50"],
                cwd=ROOT,
                env=stack.environment,
                capture_output=True,
                text=True,
                check=False,
            ).stdout
        )
        raise
    finally:
        stack.remove()


def predict_seven(address):
    """Request a prediction; return the status, or "wrong" if the digit is wrong."""
    status, _, response = predict(address)
    return status if status != 200 or response["predicted_digit"] == 7 else "wrong"
