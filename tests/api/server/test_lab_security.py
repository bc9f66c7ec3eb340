"""Attacks on the lab, against the real server on a real socket."""

import json
import subprocess
import sys
from urllib.parse import quote

import pytest
from serving import address_in, request, serving

from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.api.lab_access import LabAccess

LAB = "/api/v1/lab"
RUNS = f"{LAB}/runs"
ALLOWED_ORIGIN = "http://localhost:8080"  # may ask for predictions


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("runs")


@pytest.fixture(scope="module")
def address(folder):
    with serving(settings={"lab_folder": folder}) as (_, printed):
        assert "#/train" in printed
        yield address_in(printed)


@pytest.fixture(scope="module")
def token(address):
    return request(address, "GET", LAB)[2]["token"]


@pytest.fixture(scope="module")
def routes(address):
    """Every method and path of the lab, with the name of a run that does not exist."""
    paths = request(address, "GET", "/openapi.json")[2]["paths"]
    return [
        (method.upper(), path.replace("{name}", "run"))
        for path, operations in paths.items()
        if path.startswith(LAB)
        for method in operations
    ]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def assert_refused(answer, status, token):
    got, headers, problem = answer
    assert got == status
    assert headers["Content-Type"] == "application/problem+json"
    assert not [name for name in headers if name.lower().startswith("access-control-")]
    assert token not in json.dumps(problem)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": ALLOWED_ORIGIN},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": ALLOWED_ORIGIN, "Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ],
    ids=str,
)
def test_page_of_another_origin_can_do_nothing(address, token, routes, folder, headers):
    assert len(routes) > 15
    for method, path in routes:
        assert_refused(request(address, method, path, "{}", headers), 403, token)
        answer = request(address, method, path, "{}", headers | bearer(token))
        assert_refused(answer, 403, token)
    assert not list(folder.iterdir())


def test_no_origin_is_allowed_to_ask_first(address, routes):
    asked = {"Origin": ALLOWED_ORIGIN, "Access-Control-Request-Headers": "authorization"}
    for method, path in routes:
        preflight = asked | {"Access-Control-Request-Method": method}
        _, headers, _ = request(address, "OPTIONS", path, headers=preflight)
        assert not [name for name in headers if name.lower().startswith("access-control-")]
    # Whereas predictions may be asked for.
    preflight = asked | {"Access-Control-Request-Method": "POST"}
    _, headers, _ = request(address, "OPTIONS", "/api/v1/predictions", headers=preflight)
    assert headers["Access-Control-Allow-Origin"] == ALLOWED_ORIGIN


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "127.0.0.1.", ""],
)
def test_rebound_names_get_nothing(address, token, host):
    origin = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    for headers in ({"Host": host}, origin, origin | bearer(token)):
        assert_refused(request(address, "GET", LAB, headers=headers), 403, token)
        assert_refused(request(address, "POST", RUNS, "{}", headers), 403, token)


@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1", "[::1]:5000"])
def test_this_computers_names_get_the_token(address, token, host):
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert request(address, "GET", LAB, headers=headers)[2]["token"] == token


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_forwarded_requests_get_nothing(address, token, name):
    headers = {name: "192.0.2.1"}
    assert_refused(request(address, "GET", LAB, headers=headers), 403, token)
    assert_refused(request(address, "GET", RUNS, headers=headers | bearer(token)), 403, token)


def test_every_route_needs_the_token(address, token, routes):
    routes = [route for route in routes if route != ("GET", LAB)]
    for method, path in routes:
        status, headers, _ = answer = request(address, method, path, "{}")
        assert_refused(answer, 401, token)
        assert headers["WWW-Authenticate"] == "Bearer"
    wrong = ["", "Bearer", "Bearer ", f"Bearer {token[:-1]}", f"Bearer {token}x", f"Basic {token}"]
    wrong += [f"Bearer {token[1:]}", token, f"Bearer {'a' * 20_000}", "Bearer ÿ".encode("latin-1")]
    for value in wrong:
        answer = request(address, "GET", RUNS, headers={"Authorization": value})
        assert_refused(answer, 401, token)
    # Neither in the query nor as a cookie.
    assert request(address, "GET", f"{RUNS}?token={token}")[0] == 401
    assert request(address, "GET", RUNS, headers={"Cookie": f"token={token}"})[0] == 401
    status, headers, runs = request(address, "GET", RUNS, headers=bearer(token))
    assert (status, runs) == (200, {"runs": []})
    assert "Set-Cookie" not in headers


HOSTILE_NAMES = [
    "..",
    ".",
    ".served",
    "../runs",
    "..%2f..%2fetc",
    "%2e%2e%2fetc",
    "..%5c..%5cetc",
    "/etc",
    "run%00",
    "run%0a",
    "a" * 65,
    "a" * 5000,
    quote("\uff17"),
    quote("läuft"),
    "%ff",
    "%u002e",
    "con",
    "x'--",
    "-rf",
    "run;id",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: name[:20])
def test_hostile_names_of_runs_are_unknown(address, token, folder, name):
    outside = folder.parent / "precious"
    outside.mkdir(exist_ok=True)
    (outside / "settings.json").write_text("{}")
    for method, rest in [
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/events"),
        ("POST", "/commands"),
        ("POST", "/serve"),
        ("GET", "/record"),
    ]:
        path = f"{RUNS}/{name}{rest}"
        body = '{"command": "stop"}' if rest == "/commands" else "{}"
        assert_refused(request(address, method, path, body, bearer(token)), 404, token)
    assert (outside / "settings.json").exists()
    assert not list(folder.iterdir())


HOSTILE_OPTIONS = [
    {"epochs": 1e308},
    {"epochs": 0},
    {"epochs": -1},
    {"epochs": 1.5},
    {"epochs": True},
    {"epochs": "3"},
    {"hidden": [10**9]},
    {"hidden": []},
    {"hidden": [64] * 10_000},
    {"hidden": [4096] * 9},
    {"batch_size": 10**7},
    {"share": 0},
    {"share": 1.1},
    {"seed": 2**70},
    {"seed": -1},
    {"learning_rate": 0},
    {"learning_rate": 1e300},
    {"dropout": 1},
    {"recipe": "../../etc/passwd"},
    {"recipe": "x" * 10_000},
    {"recipe": None},
    {"data": "../../etc/passwd"},
    {"data": "/etc/passwd"},
    {"activation": "__class__"},
    {"optimizer": "eval"},
    {"augment": ["mild"]},
    {"name": "../x"},
    {"name": ".hidden"},
    {"name": "x" * 65},
    {"name": "a/b"},
    {"name": "\uff17"},
    {"paused": "yes"},
    {"unknown": 1},
    {"early_stopping": 0},
]


@pytest.mark.parametrize("options", HOSTILE_OPTIONS, ids=lambda options: str(options)[:40])
def test_hostile_options_are_refused(address, token, folder, options):
    answer = request(address, "POST", RUNS, json.dumps(options), bearer(token))
    assert_refused(answer, 422, token)
    detail = answer[2]["detail"]
    assert detail.endswith(".")
    assert len(detail) < 400
    assert "passwd" not in detail or "/" not in detail.split("passwd")[1]
    assert not list(folder.iterdir())


@pytest.mark.parametrize(
    "body", ["", "[]", "null", "{", '{"epochs": 1e999}', '{"epochs": NaN}', '{"seed":1,"seed":2}']
)
def test_bodies_that_are_not_json_objects_are_refused(address, token, body):
    assert_refused(request(address, "POST", RUNS, body, bearer(token)), 400, token)
    plain = bearer(token) | {"Content-Type": "text/plain"}  # what a form of another page can send
    assert_refused(request(address, "POST", RUNS, "{}", plain), 415, token)


def test_token_is_in_no_description():
    secret = "s" * 40
    assert secret not in repr(LabAccess.of(Settings(lab_token=secret)))
    assert secret not in json.dumps(Settings(lab_token=secret).for_log())


# Which servers have a lab.


@pytest.mark.parametrize(
    ("settings", "has_lab", "gives_token"),
    [
        ({}, True, True),
        ({"host": "localhost"}, True, True),
        ({"host": "::1"}, True, True),
        ({"host": "127.8.8.8"}, True, True),
        ({"host": "0.0.0.0"}, False, False),
        ({"host": "::"}, False, False),
        ({"host": "192.0.2.1"}, False, False),
        ({"host": "digits.example.org"}, False, False),
        ({"proxies": 1}, False, False),
        ({"lab": False}, False, True),
        ({"lab_token": "t" * 32}, True, False),
        ({"host": "0.0.0.0", "lab_token": "t" * 32}, False, False),
        ({"host": "0.0.0.0", "lab": True, "lab_token": "t" * 32}, True, False),
    ],
    ids=str,
)
def test_lab_is_only_where_nobody_else_reaches_it(settings, has_lab, gives_token):
    chosen = Settings(**settings)
    assert chosen.has_lab is has_lab
    access = LabAccess.of(chosen)
    assert (access is not None) is has_lab
    if access is not None:
        assert access.is_given is gives_token
        assert access.token == chosen.lab_token or len(access.token) >= 43


@pytest.mark.parametrize(
    "settings",
    [
        {"host": "0.0.0.0", "lab": True},
        {"proxies": 1, "lab": True},
        {"lab_token": "short"},
        {"lab_token": "t" * 31},
        {"lab_token": "with spaces " * 8},
    ],
    ids=str,
)
def test_lab_that_others_reach_does_not_start_without_a_long_token(settings):
    with pytest.raises(ValueError, match="openssl rand -hex 32"):
        Settings(**settings)


def test_server_that_others_reach_has_no_lab():
    settings = Settings(host="0.0.0.0")
    app = create_app(ModelRegistry(["cnn-small"]), settings, lab_access=LabAccess.of(settings))
    client = app.test_client()
    for path in (LAB, RUNS, f"{RUNS}/run", f"{RUNS}/run/events", f"{LAB}/other"):
        for method in ("GET", "POST", "PUT", "DELETE"):
            assert client.open(path, method=method).status_code == 404
    assert "inkdigits lab" in client.get(LAB).json["detail"]


def test_server_without_a_lab_loads_none_of_its_code():
    code = (
        "import sys; import inkdigits.api.server.worker; from inkdigits.api import *; "
        "create_app(ModelRegistry(['cnn-small']), Settings(lab=False)); "
        "print([name for name in sys.modules if name.startswith('inkdigits.lab')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


def test_people_type_the_token_of_a_lab_that_others_reach(tmp_path):
    token = "t" * 32
    settings = Settings(host="0.0.0.0", lab=True, lab_token=token, lab_folder=tmp_path)
    app = create_app(ModelRegistry(["cnn-small"]), settings, lab_access=LabAccess.of(settings))
    client = app.test_client()
    own = {"Host": "digits.example.org", "Origin": "https://digits.example.org"}
    assert client.get(LAB, headers=own).json["token"] is None
    assert client.get(RUNS, headers=own).status_code == 401
    assert client.get(RUNS, headers=own | bearer(token)).status_code == 200
    other = own | bearer(token) | {"Origin": "https://evil.example"}
    assert client.get(RUNS, headers=other).status_code == 403
