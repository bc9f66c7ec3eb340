"""Two origins: the page at one origin calls the service at another, with CORS."""

import pytest
from serving import predict, request
from stack import free_port, run, started

pytestmark = pytest.mark.deploy


@pytest.fixture(scope="module")
def ports():
    return free_port(), free_port()


@pytest.fixture(scope="module")
def page(ports):
    # Another host than the service's, so another origin and another site.
    return f"http://localhost:{ports[0]}"


@pytest.fixture(scope="module")
def api(ports):
    return f"http://127.0.0.1:{ports[1]}"


@pytest.fixture(scope="module")
def stack(figures, bases, ports, page, api):
    settings = {
        "COMPOSE_FILE": "compose.yaml:compose.cors.yaml",
        "INKDIGITS_WEB_PORT": ports[0],
        "INKDIGITS_API_PORT": ports[1],
        "INKDIGITS_ORIGINS": page,
        "INKDIGITS_API_ORIGIN": api,
    }
    with started(figures, "two origins", **settings) as stack:
        yield stack


def test_digits_drawn_in_a_browser_are_recognized_across_origins(stack, page, api):
    settings = {"INKDIGITS_PAGE": f"{page}/", "INKDIGITS_API_ORIGIN": api}
    assert "11 passed" in stack.browser(grep="recognizes|inline", **settings)


def test_page_may_call_only_the_configured_service(stack, page, api):
    assert request(page, "GET", "/config.json")[2] == {"api": api}
    policy = request(page, "GET", "/")[1]["Content-Security-Policy"]
    assert f"connect-src 'self' {api};" in policy


def cors_headers(api, method, path, origin):
    sent = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type",
    }
    headers = request(api, method, path, headers=sent)[1]
    return {
        name.lower(): value for name, value in headers.items() if "control-allow" in name.lower()
    }


CALLS = [("OPTIONS", "/api/v1/predictions"), ("GET", "/api/v1/models"), ("POST", "/predict")]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_origin_of_the_page_may_call(stack, page, api, method, path):
    assert cors_headers(api, method, path, page)["access-control-allow-origin"] == page


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_other_origins_may_not_call(stack, page, api, method, path):
    for origin in (
        "http://evil.example",
        "null",
        f"{page}.evil.example",
        f"http://evil{page[7:]}",
        api,
    ):
        assert cors_headers(api, method, path, origin) == {}


def test_programs_reach_the_service_directly(stack, api):
    assert predict(api)[2]["predicted_digit"] == 7
    ((binding,),) = stack.inspect("api")["HostConfig"]["PortBindings"].values()
    assert binding["HostIp"] == "127.0.0.1"


def test_forged_client_address_is_ignored(stack, api):
    forged = {"X-Request-ID": "forged", "X-Forwarded-For": "203.0.113.7"}
    request(api, "GET", "/healthz", headers=forged)
    (line,) = [line for line in stack.log("api") if line.get("request_id") == "forged"]
    assert line["client"] != "203.0.113.7"


def test_replace_explains_why_a_published_service_stays(stack, api):
    with pytest.raises(
        AssertionError, match="published on a port, which two containers cannot share"
    ):
        run("sh", "deploy/replace.sh", env=stack.environment)
    assert predict(api)[0] == 200


def test_make_down_leaves_only_the_profiles(stack):
    stack.make("down")
    volume = f"{stack.project}_profiles"
    assert stack.left() == {"containers": "", "networks": "", "volumes": volume}
