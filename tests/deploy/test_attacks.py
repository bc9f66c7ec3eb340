"""Clients that hold connections open or break the service do not affect other clients."""

import os
import resource
import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from serving import connect, head, predict, request, until
from stack import docker, run, started

pytestmark = pytest.mark.deploy

CLIENT_REQUESTS, REQUESTS = 8, 24
# Docker's networks, from which the tests' requests come.
DOCKER = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16"
SLOW, OTHER = "198.51.100.1", "203.0.113.9"
HALF_BODY = ("Content-Type: application/json", "Content-Length: 1000000")
SILENT = {
    "nothing": b"",
    "half a head": b"GET /api/v1/models HTTP/1.1\r\nHost:",
    "half a body": head(*HALF_BODY) + b"{",
    "keep-alive": b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
}
# As /proc/net/tcp writes them.
PORT, LOCALHOST, ESTABLISHED = f":{5000:04X}", "0100007F", "01"


@pytest.fixture(scope="module")
def stack(figures, bases):
    settings = {
        "INKDIGITS_TRUSTED_PROXIES": DOCKER,
        "INKDIGITS_PROXY_CLIENT_REQUESTS": CLIENT_REQUESTS,
        "INKDIGITS_PROXY_REQUESTS": REQUESTS,
        "INKDIGITS_BODY_TIMEOUT_S": 6,
    }
    with started(figures, "behind a trusted proxy", **settings) as stack:
        yield stack


@pytest.fixture(scope="module")
def address(stack):
    return stack.address


def ask(address, client, **headers):
    """Request the models as this client; return status, headers and body."""
    return request(address, "GET", "/api/v1/models", headers={"X-Forwarded-For": client} | headers)


def in_progress(container):
    """Count the connections of a service that are not its own health checks."""
    main = docker("inspect", "--format", "{{.State.Pid}}", container)
    rows = [line.split() for line in Path(f"/proc/{main}/net/tcp").read_text().splitlines()[1:]]
    return sum(
        local.endswith(PORT) and not local.startswith(LOCALHOST) and state == ESTABLISHED
        for _, local, _, state, *_ in rows
    )


@contextmanager
def uploads(stack, clients, accepted=None):
    """Hold an upload open for each of the clients.

    accepted  how many reach the service; all by default
    yields    their connections, once that many have reached the service
    """
    service = stack.container("api")
    until(lambda: in_progress(service) == 0)
    with ExitStack() as held:
        connections = [held.enter_context(connect(stack.address)) for _ in clients]
        for connection, client in zip(connections, clients, strict=True):
            connection.sendall(head(f"X-Forwarded-For: {client}", *HALF_BODY) + b"{")
        until(lambda: in_progress(service) == (accepted or len(clients)))
        yield connections


def status_of(connection):
    """Send a byte every half second until there is a response; return its status."""
    connection.settimeout(0.5)
    for _ in range(120):
        try:
            return int(connection.recv(1000).split()[1])
        except TimeoutError:
            connection.sendall(b" ")
    return None


def test_slow_uploads_time_out_and_do_not_block_others(stack, address):
    with uploads(stack, [SLOW] * 18, CLIENT_REQUESTS) as slow:
        statuses = [None] * len(slow)

        def send_slowly(n):
            statuses[n] = status_of(slow[n])

        threads = [threading.Thread(target=send_slowly, args=(n,)) for n in range(len(slow))]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            assert ask(address, OTHER)[0] == 200
            assert request(address, "GET", "/healthz")[0] == 200
            time.sleep(0.2)
    # The early response of the service, and the limit of the proxy.
    assert sorted(statuses) == [408] * CLIENT_REQUESTS + [429] * (18 - CLIENT_REQUESTS)


def test_early_response_of_the_service_is_passed_on(address):
    with connect(address) as client:
        client.sendall(head(f"X-Forwarded-For: {OTHER}", *HALF_BODY) + b"{")
        client.settimeout(60)
        response = client.recv(65536).decode()
    assert response.startswith("HTTP/1.1 408 ")
    assert "did not arrive in time" in response
    assert "application/problem+json" in response


def test_requests_of_one_client_are_limited(stack, address):
    with uploads(stack, [SLOW] * CLIENT_REQUESTS):
        assert ask(address, SLOW)[0] == 429
        _, headers, body = ask(address, SLOW)
        assert headers["Retry-After"] == "1"
        assert headers.get_content_type() == "application/problem+json"
        assert (body["status"], body["title"]) == (429, "Too Many Requests")
        assert body["request_id"] == headers["X-Request-ID"]
        assert ask(address, OTHER)[0] == 200
        assert request(address, "GET", "/", headers={"X-Forwarded-For": SLOW})[0] == 200
    until(lambda: ask(address, SLOW)[0] == 200)


def test_ipv6_64_network_is_one_client(stack, address):
    with uploads(stack, [f"2001:db8::{n}" for n in range(1, CLIENT_REQUESTS + 1)]):
        assert ask(address, "2001:db8:0:0:ffff:1:2:3")[0] == 429
        assert ask(address, "2001:db8:0:1::1")[0] == 200
        assert ask(address, "2001:db8::1:0:0:0:1")[0] == 200  # 2001:db8:0:1::1 in another notation
        assert ask(address, OTHER)[0] == 200


def test_ipv4_mapped_address_is_the_same_client(stack, address):
    with uploads(stack, [f"::ffff:{SLOW}"] * CLIENT_REQUESTS):
        assert ask(address, SLOW)[0] == 429
        assert ask(address, f"::ffff:{OTHER}")[0] == 200


def test_requests_of_all_clients_are_limited(stack, address):
    clients = [f"198.51.100.{n}" for n in range(1, REQUESTS + 1)]
    with uploads(stack, clients):
        assert ask(address, OTHER)[0] == 429
        assert request(address, "GET", "/healthz")[0] == 200
        assert request(address, "GET", "/")[0] == 200
    until(lambda: ask(address, OTHER)[0] == 200)


def test_half_sent_bodies_are_closed_and_do_not_affect_others(stack, address):
    with uploads(stack, [SLOW] * 200, CLIENT_REQUESTS) as clients:
        for _ in range(10):
            assert ask(address, OTHER)[0] == 200
        for client in clients:
            client.settimeout(60)
            while client.recv(1000):
                pass
    assert predict(address)[2]["predicted_digit"] == 7


@pytest.mark.parametrize("kind", SILENT)
def test_thousands_of_silent_connections_do_not_block_others(stack, kind):
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    )
    # Directly to the container, because Docker's forwarder needs six files for each connection.
    networks = stack.inspect("web")["NetworkSettings"]["Networks"]
    (outside,) = [given for name, given in networks.items() if name.endswith("outside")]
    address = f"http://{outside['IPAddress']}:8080"
    with ExitStack() as held:
        for _ in range(5000):
            held.enter_context(connect(address)).sendall(SILENT[kind])
        for _ in range(5):
            assert ask(address, OTHER)[0] == 200
            assert request(address, "GET", "/healthz")[0] == 200


def test_client_comes_from_the_trusted_proxy_not_a_forged_header(stack, address):
    mine = f"mine-{time.time_ns()}"
    ask(address, f"{OTHER}, {SLOW}", **{"X-Request-ID": mine})

    def clients(service):
        return [x["client"] for x in stack.log(service) if x.get("request_id") == mine]

    until(lambda: clients("api") and clients("web"), 10)
    assert clients("api") == clients("web") == [SLOW]


def test_invalid_trusted_proxy_is_reported(stack):
    wrong = "INKDIGITS_TRUSTED_PROXIES=10.0.0.0/8,x;y"
    with pytest.raises(AssertionError, match="x;y is not an address or a network"):
        docker("run", "--rm", "--env", wrong, "inkdigits-web:test")


def processes(container):
    """The ids, on this machine, of all processes in a container."""
    return [int(line.split()[0]) for line in docker("top", container, "-o", "pid").splitlines()[1:]]


def test_post_that_kills_a_replica_is_not_retried(stack, address):
    scale = ("up", "--detach", "--no-deps", "--no-recreate", "--scale")
    stack.compose(*scale, "api=2", "api")
    until(stack.healthy)
    mine, responses, one = f"mine-{time.time_ns()}", [], None
    services = {container: processes(container) for container in stack.containers("api")}

    def post():
        headers = {"X-Request-ID": mine, "X-Forwarded-For": OTHER}
        responses.append(request(address, "POST", "/predict", "{}", headers))

    thread = threading.Thread(target=post, daemon=True)
    try:
        # While both are stopped, a request stays with the replica that it was sent to.
        for pid in [pid for pids in services.values() for pid in pids]:
            os.kill(pid, signal.SIGSTOP)
        thread.start()
        until(lambda: any(map(in_progress, services)))
        one, other = sorted(services, key=in_progress, reverse=True)
        main = int(docker("inspect", "--format", "{{.State.Pid}}", one))
        os.kill(main, signal.SIGKILL)
    finally:
        for container, pids in services.items():
            if container != one:
                for pid in pids:
                    os.kill(pid, signal.SIGCONT)
    thread.join(60)
    ((status, headers, body),) = responses
    assert (status, headers["Retry-After"], body["title"]) == (502, "1", "Bad Gateway")
    assert mine not in run("docker", "logs", other)
    assert ask(address, OTHER)[0] == 200
    stack.compose(*scale, "api=1", "api")
