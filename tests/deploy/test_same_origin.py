"""Page and service in containers at one origin, behind the proxy: use, limits and faults."""

import base64
import gzip
import json
import os
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from serving import connect, head, load, predict, request, until
from stack import ROOT, docker, predict_seven, run, started

from inkdigits.api.headers import SECURITY_HEADERS
from inkdigits.api.routes.frontend import PAGE_POLICY
from inkdigits.api.settings import MAX_BODY_BYTES, Settings

pytestmark = pytest.mark.deploy

CLIENT_TIMEOUT_S = 10  # of nginx, for headers or a body that does not arrive
MAX_BYTES = {"api": 320e6, "web": 5e6}  # of an image, in addition to its base
SERVICES = pytest.mark.parametrize("service", ["api", "web"])


@pytest.fixture(scope="module")
def stack(figures, bases):
    with started(figures, "one origin") as stack:
        yield stack


@pytest.fixture(scope="module")
def address(stack):
    return stack.address


def response_to(address, sent):
    """Send raw bytes; return the response, at least up to the end of its headers."""
    with connect(address) as client:
        client.sendall(sent)
        client.settimeout(30)
        received = b""
        while b"\r\n\r\n" not in received:
            piece = client.recv(65536)
            if not piece:
                break
            received += piece
    return received.decode("latin-1")


def is_closed(client):
    """Whether the server closes the connection within twice its timeout."""
    client.settimeout(2 * CLIENT_TIMEOUT_S)
    try:
        while client.recv(1000):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


# The images.


@SERVICES
def test_image_adds_little_to_its_base(stack, figures, service):
    argument = {"api": "PYTHON_IMAGE", "web": "NGINX_IMAGE"}[service]
    recipe = (ROOT / f"deploy/{service}.Dockerfile").read_text(encoding="utf-8")
    own = re.search(rf"^ARG {argument}=(.*)$", recipe, re.MULTILINE)[1]
    base = os.environ.get(argument, own)
    sizes = docker(
        "image", "inspect", "--format", "{{.Size}}", f"inkdigits-{service}:test", base
    ).split()
    beyond = int(sizes[0]) - int(sizes[1])
    figures[f"image of {service}, beyond its base"] = f"{beyond / 1e6:.1f} MB"
    assert 0 < beyond <= MAX_BYTES[service]


def test_image_has_no_build_install_or_test_tools(stack):
    tools = "cc gcc g++ make pip pip3 git pytest ruff hatchling"
    for service, names in {"api": f"{tools} node npm", "web": f"{tools} node npm python3"}.items():
        found = stack.inside(service, f"for name in {names}; do command -v $name || true; done")
        assert found == ""
    modules = "pip setuptools hatchling pytest matplotlib mypy ruff"
    assert (
        stack.inside(
            "api",
            f"for name in {modules}; do "
            "for python in python /usr/bin/python3 /usr/local/bin/python3; do "
            '$python -c "import $name" 2> /dev/null && echo $python $name; done; done; true',
        )
        == ""
    )
    assert stack.inside("api", "find /opt/inkdigits -name tests -o -name 'test_*.py'") == ""


# Hardening.


@SERVICES
def test_no_process_is_root_or_has_capabilities(stack, service):
    statuses = stack.inside(service, "cat /proc/[0-9]*/status")
    for name, wanted in {
        "Uid": {"10001" if service == "api" else "101"},
        "CapInh": {"0" * 16},
        "CapPrm": {"0" * 16},
        "CapEff": {"0" * 16},
        "CapBnd": {"0" * 16},
        "NoNewPrivs": {"1"},
    }.items():
        found = re.findall(rf"^{name}:\t(.*)$", statuses, re.MULTILINE)
        assert found
        assert {value for line in found for value in line.split()} == wanted, name


@SERVICES
def test_root_is_read_only_except_tmpfs(stack, service):
    for folder in ("/", "/opt", "/usr/share", "/etc", "/var/tmp", "/home"):
        script = f"touch {folder}/new 2>&1 && echo written || true"
        assert "Read-only file system" in stack.inside(service, script), folder
    stack.inside(service, "touch /tmp/new && rm /tmp/new")
    mounts = stack.inside(service, "cat /proc/mounts").splitlines()
    (options,) = [line.split()[3] for line in mounts if line.split()[1] == "/"]
    assert "ro" in options.split(",")


@SERVICES
def test_container_has_limits_restarts_and_rotates_logs(stack, service):
    inspected = stack.inspect(service)
    host = inspected["HostConfig"]
    assert host["Memory"] == {"api": 2**30, "web": 2**29}[service]
    assert host["NanoCpus"] == 1e9
    assert 0 < host["PidsLimit"] <= 256
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert set(host["LogConfig"]["Config"]) == {"max-size", "max-file"}
    assert not host["Privileged"]
    # The only volume, of the database of profiles; test_kept_profiles.py has more about it.
    volume = f"{stack.project}_profiles:/var/lib/inkdigits:rw"
    assert (host["Binds"] or []) == ([volume] if service == "api" else [])
    if service == "api":
        settings = Settings()
        assert inspected["Config"]["StopTimeout"] > settings.drain_s + settings.grace_s
        assert not host["PortBindings"]
    else:
        ((binding,),) = host["PortBindings"].values()
        assert binding["HostIp"] == "127.0.0.1"


def test_service_network_is_internal(stack):
    (network,) = stack.inspect("api")["NetworkSettings"]["Networks"]
    assert docker("network", "inspect", "--format", "{{.Internal}}", network) == "true"


def test_service_has_one_worker_for_each_cpu(stack):
    # The brackets keep the command line of this shell from matching.
    spawned = "grep -al 'spawn_mai[n]' /proc/[0-9]*/cmdline 2> /dev/null | wc -l"
    assert int(stack.inside("api", spawned)) == 1


# Use.


def test_digits_drawn_in_a_browser_are_recognized(stack):
    assert "12 passed" in stack.browser()


def test_proxy_passes_the_api_through(stack, address):
    assert predict(address)[2]["predicted_digit"] == 7
    models = request(address, "GET", "/api/v1/models")[2]
    assert models["default"] == "cnn-small"
    assert request(address, "GET", "/openapi.json")[2]["openapi"].startswith("3.1")
    assert b"swagger-ui" in request(address, "GET", "/docs")[2]
    assert len(request(address, "GET", "/docs/swagger-ui-bundle.js")[2]) > 1e6


def test_proxy_answers_healthz_itself(address):
    assert request(address, "GET", "/healthz")[2] == {"status": "alive"}


@pytest.mark.parametrize(
    "path",
    [
        *("/metrics", "/readyz", "//metrics", "/api/../metrics", "/api/..%2fmetrics"),
        *("/docs/%2e%2e/metrics", "/metrics/../api/v1/models", "/metrics%2f..%2fapi/v1/models"),
        *("/nginx.conf", "/../nginx.conf", "/.env", "/assets", "/assets/", "/problem"),
    ],
)
def test_other_paths_are_not_published(address, path):
    status, headers, body = request(address, "GET", path)
    assert status == (400 if path == "/../nginx.conf" else 404)
    assert headers.get_content_type() == "application/problem+json"
    assert body["status"] == status


# Headers and compression.


def asset_of(address):
    page = request(address, "GET", "/")[2].decode()
    return "/" + re.search(r"assets/[^\"]+\.js", page)[0]


def test_only_hashed_assets_are_immutable(address):
    asset = asset_of(address)
    kept = {
        path: request(address, "GET", path)[1]["Cache-Control"]
        for path in (asset, "/", "/index.html", "/favicon.svg", "/config.json", "/healthz")
    }
    assert kept == {
        asset: "public, max-age=31536000, immutable",
        "/": "no-cache",
        "/index.html": "no-cache",
        "/favicon.svg": "no-cache",
        "/config.json": "no-store",
        "/healthz": "no-store",
    }
    assert request(address, "GET", "/assets/none.js")[1]["Cache-Control"] == "no-store"
    tag = request(address, "GET", "/")[1]["ETag"]
    status, headers, _ = request(address, "GET", "/", headers={"If-None-Match": tag})
    assert (status, headers["Cache-Control"]) == (304, "no-cache")


@pytest.mark.parametrize("path", ["/", "asset", "/openapi.json", "/docs/swagger-ui-bundle.js"])
def test_text_is_compressed_on_request(address, path):
    path = asset_of(address) if path == "asset" else path
    plain = request(address, "GET", path)
    packed = request(address, "GET", path, headers={"Accept-Encoding": "gzip"})
    assert plain[1]["Content-Encoding"] is None
    assert packed[1]["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed[1]["Vary"]
    unpacked = gzip.decompress(packed[2])
    assert (json.loads(unpacked) if path.endswith(".json") else unpacked) == plain[2]


KINDS = {
    "page": ("GET", "/", 200),
    "asset": ("GET", "asset", 200),
    "settings": ("GET", "/config.json", 200),
    "health": ("GET", "/healthz", 200),
    "not found": ("GET", "/none", 404),
    "no asset": ("GET", "/assets/none.js", 404),
    "not allowed": ("POST", "/", 405),
    "too long": ("GET", "/?" + "a" * 9000, 414),
    "too large": ("POST", "/predict", 413),
    "service": ("GET", "/api/v1/models", 200),
    "documentation": ("GET", "/docs", 200),
    "service's not found": ("GET", "/api/none", 404),
    "service's rejection": ("POST", "/predict", 400),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_response_has_each_security_header_once(address, kind):
    method, path, status = KINDS[kind]
    path = asset_of(address) if path == "asset" else path
    headers = {"Content-Length": str(MAX_BODY_BYTES + 1)} if kind == "too large" else {}
    response = request(address, method, path, headers=headers)
    assert response[0] == status
    for name, value in SECURITY_HEADERS.items():
        (given,) = response[1].get_all(name)
        if name == "Content-Security-Policy":
            wanted = PAGE_POLICY.replace("; base-uri", " ; base-uri") if kind == "page" else value
            if kind == "documentation":
                assert "script-src 'self'" in given
                assert "unsafe" not in given
            else:
                assert given == wanted
        elif name != "Cache-Control":
            assert given == value
    for name in ("X-Request-ID", "Cross-Origin-Opener-Policy", "Permissions-Policy"):
        assert len(response[1].get_all(name)) == 1
    assert response[1]["Server"] == "nginx"
    if status >= 400:
        assert response[1].get_content_type() == "application/problem+json"
        assert set(response[2]) == {"type", "title", "status", "detail", "request_id"}
        assert response[2]["status"] == status
        assert response[2]["detail"].endswith(".")
        assert response[2]["request_id"] == response[1]["X-Request-ID"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/3.9\r\nHost: x\r\n\r\n", 505),
        (head("Content-Length: 2", "Content-Length: 3") + b"{} ", 400),
        (head("Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
        (head("Transfer-Encoding: strange"), 501),
        (head("X: " + "x" * 9000), 431),
    ],
)
def test_invalid_http_gets_problem_details(address, sent, status):
    first, _, rest = response_to(address, sent).partition("\r\n")
    assert int(first.split()[1]) == status
    lines = rest.lower()
    assert "content-type: application/problem+json" in lines
    assert "content-security-policy: default-src 'none'; frame-ancestors 'none'" in lines
    assert "<html" not in lines


def test_200_headers_return_431_through_the_proxy(address):
    response = response_to(address, head(*(f"X-{n}: 1" for n in range(200))))
    assert int(response.split()[1]) == 431
    assert predict(address)[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:8080"])
def test_other_origins_get_no_cors_headers_through_the_proxy(address, origin):
    for method, path in (("OPTIONS", "/api/v1/predictions"), ("GET", "/api/v1/models")):
        sent = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        headers = request(address, method, path, headers=sent)[1]
        assert [name for name in headers if name.lower().startswith("access-control")] == []


def test_request_id_is_in_the_response_and_both_logs(stack, address):
    mine = f"mine-{time.time_ns()}"
    assert predict(address)[0] == 200
    headers = request(address, "GET", "/api/v1/models", headers={"X-Request-ID": mine})[1]
    assert headers["X-Request-ID"] == mine
    for service in ("api", "web"):
        until(lambda s=service: [x for x in stack.log(s) if x.get("request_id") == mine], 10)
    for wrong in ("a b", "x" * 65, "", "ä"):
        for path in ("/api/v1/models", "/none"):
            response = request(address, "GET", path, headers={"X-Request-ID": wrong.encode()})
            assert re.fullmatch(r"[0-9a-f]{32}", response[1]["X-Request-ID"])


def test_service_logs_the_client_not_the_proxy_or_a_forged_address(stack, address):
    mine = f"mine-{time.time_ns()}"
    forged = {"X-Request-ID": mine, "X-Forwarded-For": "203.0.113.7"}
    request(address, "GET", "/api/v1/models", headers=forged)

    def lines(service):
        return [line for line in stack.log(service) if line.get("request_id") == mine]

    until(lambda: lines("api") and lines("web"), 10)
    networks = stack.inspect("web")["NetworkSettings"]["Networks"].values()
    proxy = {network["IPAddress"] for network in networks}
    assert lines("api")[0]["client"] == lines("web")[0]["client"] not in {*proxy, "203.0.113.7"}


# Limits.


def test_body_over_the_limit_returns_413_declared_or_not(address):
    status, _, body = request(
        address, "POST", "/predict", headers={"Content-Length": str(MAX_BODY_BYTES + 1)}
    )
    assert (status, body["title"]) == (413, "Content Too Large")
    assert str(MAX_BODY_BYTES) in body["detail"]
    with connect(address) as client, client.makefile("rb") as response:
        client.sendall(head("Content-Type: application/json", "Transfer-Encoding: chunked"))
        piece = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            for _ in range(MAX_BODY_BYTES // 0x100000 + 1):
                client.sendall(piece)
        except OSError:
            pass  # rejected before everything was sent
        assert b" 413 " in response.readline()


def test_image_near_the_size_limit_is_accepted(address):
    noise = np.random.default_rng(0).integers(0, 255, (2000, 2000, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=0)
    assert 11e6 < len(file.getvalue()) < 16 * 2**20
    assert predict(address, file.getvalue())[0] == 200


def test_concurrent_large_bodies_return_200_or_503_and_nothing_is_killed(stack, address):
    noise = np.random.default_rng(0).integers(0, 255, (2000, 2000, 3), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=0)
    before = [stack.inspect(service)["State"]["Pid"] for service in ("api", "web")]

    # Built once, because 40 of them would take a gigabyte.
    body = json.dumps({"image": base64.b64encode(file.getvalue()).decode()}).encode()

    def send(_):
        status, headers, _ = request(address, "POST", "/predict", body)
        return status, headers["Retry-After"] is not None

    with ThreadPoolExecutor(40) as threads:
        outcomes = Counter(threads.map(send, range(40)))
    assert set(outcomes) <= {(200, False), (503, True)}
    assert outcomes[200, False] > 0
    assert [stack.inspect(service)["State"]["Pid"] for service in ("api", "web")] == before
    assert not stack.inspect("api")["State"]["OOMKilled"]
    assert predict(address)[0] == 200


def test_incomplete_headers_time_out(address):
    with connect(address) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert is_closed(client)


# Faults.


def test_proxy_returns_502_and_serves_the_page_without_the_service(stack, address):
    container = stack.container("api")
    docker("stop", "--time", "0", container)
    try:
        # 504 as long as the container's name still resolves.
        until(lambda: predict(address)[0] == 502)
        _, headers, body = predict(address)
        assert body["status"] == 502
        assert headers["Retry-After"] == "1"
        assert headers.get_content_type() == "application/problem+json"
        assert body["request_id"] == headers["X-Request-ID"]
        assert headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]
        assert request(address, "GET", "/")[0] == request(address, "GET", "/healthz")[0] == 200
    finally:
        docker("start", container)
    until(lambda: predict(address)[0] == 200)


def test_service_killed_under_load_restarts_and_the_page_recovers(stack, address):
    until(stack.healthy)
    before = stack.inspect("api")
    kill = f"kill -9 $(docker inspect --format '{{{{.State.Pid}}}}' {before['Id']})"
    with load(lambda: predict_seven(address), clients=2) as outcomes:
        until(lambda: outcomes[200] > 20)
        stack.browser(grep="was killed", INKDIGITS_KILL=kill)
        done = outcomes[200]
        until(lambda: outcomes[200] > done + 20)
    after = stack.inspect("api")
    assert after["RestartCount"] == before["RestartCount"] + 1
    assert after["State"]["Pid"] not in {0, before["State"]["Pid"]}
    assert after["State"]["Running"]
    # Failed requests get a status that allows a retry.
    assert set(outcomes) <= {200, 502, 504}


def test_rolling_replacement_drops_no_request(stack, address):
    until(stack.healthy)
    (before,) = stack.containers("api")
    with load(lambda: predict_seven(address), clients=4) as outcomes:
        until(lambda: outcomes[200] > 20)
        output = stack.make("replace")
        done = outcomes[200]
        until(lambda: outcomes[200] > done + 50)
    assert "the old one is draining" in output
    (after,) = stack.containers("api")
    assert after != before
    assert set(outcomes) == {200}, outcomes


def test_unhealthy_replacement_is_removed_and_the_old_service_stays(stack, address):
    before = stack.containers("api")
    broken = {"INKDIGITS_MODELS": "none-such", "INKDIGITS_REPLACE_S": "15"}
    with pytest.raises(AssertionError, match="The old one keeps running"):
        run("sh", "deploy/replace.sh", env=stack.environment | broken)
    assert stack.containers("api") == before
    assert predict(address)[0] == 200


def test_make_down_leaves_only_the_profiles(stack):
    assert all(stack.left()[kind] for kind in ("containers", "networks"))
    stack.make("down")
    left = stack.left()
    assert (left["containers"], left["networks"]) == ("", "")
    assert left["volumes"] == f"{stack.project}_profiles"


def test_missing_engine_is_reported_in_one_sentence(stack):
    nowhere = stack.environment | {"DOCKER_HOST": "tcp://127.0.0.1:1"}
    with pytest.raises(
        AssertionError, match="The Docker engine does not respond; start it"
    ) as failure:
        run("make", "--silent", "up", env=nowhere)
    assert "Traceback" not in str(failure.value)
