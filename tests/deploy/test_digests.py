"""`make digests` pins the base images, with a registry on this machine."""

import re
import shutil
import subprocess
from contextlib import contextmanager

import pytest
from serving import request, until
from stack import ROOT, docker, free_port, run

pytestmark = pytest.mark.deploy

CONFIGURATION = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
log: {{level: error}}
"""


@contextmanager
def registry(folder):
    """Run a registry, and yield its host and port."""
    port = free_port()
    configuration = folder / "registry.yml"
    configuration.write_text(CONFIGURATION.format(folder=folder / "images", port=port))
    command = ["docker-registry", "serve", configuration]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: responds(port), 30)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def responds(port):
    try:
        return request(f"http://127.0.0.1:{port}", "GET", "/v2/")[0] == 200
    except ConnectionError:
        return False


@contextmanager
def pulled(host):
    """Remove the images of a registry at the end."""
    try:
        yield
    finally:
        images = docker("image", "ls", "--quiet", "--filter", f"reference={host}/*").split()
        docker("image", "rm", "--force", *set(images))


def publish(image, version):
    """Push an image to the registry, replacing any earlier one of that name."""
    docker("build", "--tag", image, "-", input=f"FROM scratch\nLABEL version={version}\n")
    docker("push", image)
    docker("image", "rm", image)


def version_of(dockerfile):
    """Build a Dockerfile with the newest base of its tag; return the version of the base."""
    built = f"inkdigits-digests:{dockerfile.parent.name.lower()}"
    docker("build", "--pull", "--tag", built, "-", input=dockerfile.read_text())
    try:
        return docker("image", "inspect", "--format", '{{index .Config.Labels "version"}}', built)
    finally:
        docker("image", "rm", built)


def digests(*files):
    return run("sh", str(ROOT / "deploy/digests.sh"), *map(str, files))


@pytest.mark.skipif(
    not shutil.which("docker-registry"), reason="Debian's docker-registry is needed"
)
def test_pinned_base_image_stays_until_renewed(tmp_path):
    dockerfile = tmp_path / "api.Dockerfile"
    with registry(tmp_path) as host, pulled(host):
        image = f"{host}/python:3.13.9-slim"
        dockerfile.write_text(f"ARG PYTHON_IMAGE={image}\nFROM ${{PYTHON_IMAGE}}\nLABEL x=y\n")
        compose = tmp_path / "compose.yaml"
        compose.write_text(f"PYTHON_IMAGE: ${{PYTHON_IMAGE:-{image}}}\nOTHER_IMAGE: {image}.1\n")
        publish(image, 1)
        output = digests(dockerfile, compose)
        first = dockerfile.read_text()
        assert re.match(rf"ARG PYTHON_IMAGE={image}@sha256:[0-9a-f]{{64}}\nFROM", first)
        assert output.splitlines()[-1] in first
        assert version_of(dockerfile) == "1"

        publish(image, 2)
        assert version_of(dockerfile) == "1"

        digests(dockerfile, compose)
        second = dockerfile.read_text()
        assert second != first
        assert second.splitlines()[1:] == first.splitlines()[1:]
        assert version_of(dockerfile) == "2"
        pinned = re.match("ARG PYTHON_IMAGE=(.*)", second)[1]
        assert compose.read_text() == (
            f"PYTHON_IMAGE: ${{PYTHON_IMAGE:-{pinned}}}\nOTHER_IMAGE: {image}.1\n"
        )

    with pytest.raises(AssertionError, match=r"did not return a digest for .*Nothing was changed"):
        digests(dockerfile)
    assert dockerfile.read_text() == second
