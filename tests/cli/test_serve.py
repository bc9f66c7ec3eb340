"""`inkdigits serve`: what it prints, its options, its errors and its shutdown."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from PIL import Image
from serving import CODE, COMMAND, address_in, predict, request, serving
from untrained import untrained

import inkdigits
from inkdigits.api import Settings
from inkdigits.cli import serve as serve_module
from inkdigits.cli.serve import serve_command
from inkdigits.model_file import save_model
from inkdigits.recognizer import Recognizer

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "untrained.safetensors"
    save_model(path, untrained())
    return path


@pytest.fixture(scope="module")
def folder(digits, tmp_path_factory):
    """A folder with digit.png, whose base64 is too long for a command-line argument on Linux."""
    folder = tmp_path_factory.mktemp("images")
    large = Image.fromarray(digits.images[0]).resize((900, 900), Image.Resampling.NEAREST)
    noise = np.random.default_rng(0).integers(0, 8, (900, 900), np.uint8)
    Image.fromarray(np.maximum(large, noise)).save(folder / "digit.png")
    assert (folder / "digit.png").stat().st_size > 2**17
    return folder


@pytest.fixture(scope="module")
def greeting(model):
    with serving("--model", model) as (_, printed):
        yield printed


@pytest.fixture(scope="module")
def address(greeting):
    return re.search(r"^  (http://127\.0\.0\.1:[1-9][0-9]*)/$", greeting, re.MULTILINE)[1]


def failed(*arguments):
    """Run a server that must fail to start; return its exit status and error message."""
    process = subprocess.run(
        [*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60
    )
    assert process.stdout == ""
    assert "Traceback" not in process.stderr
    assert re.search(r"(?:^|\n)Error: [^\n]+\.\n$", process.stderr)
    return process.returncode, process.stderr


def test_predict_returns_digit_and_probabilities(address, folder, model):
    data = (folder / "digit.png").read_bytes()
    status, _, response = predict(address, data)
    prediction = Recognizer.load(model).recognize(data)
    assert status == 200
    assert response == {
        "predicted_digit": prediction.digit,
        "probabilities": list(prediction.probabilities),
    }


def test_printed_url_works(address, model):
    status, _, response = request(address, "GET", "/")
    assert status == 200
    assert response["model"]["digest"] == Recognizer.load(model).digest


def curl_line(printed):
    return next(line for line in printed.splitlines() if "curl" in line)


def run_line(line, folder):
    output = subprocess.check_output(
        ["sh", "-c", line], cwd=folder, stderr=subprocess.DEVNULL, timeout=30
    )
    return json.loads(output)


def test_printed_curl_command_works_in_a_clone(tmp_path):
    for folder in (DOCUMENT.parents[1], tmp_path):
        with serving(cwd=folder) as (_, printed):
            assert run_line(curl_line(printed), folder)["predicted_digit"] == 7


def test_printed_curl_command_works_for_an_installed_package(model, folder, tmp_path):
    shutil.copytree(Path(inkdigits.__file__).parent, tmp_path / "lib" / "site" / "inkdigits")
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "lib" / "site")}
    with serving("--model", model, cwd=folder, env=environment) as (_, printed):
        address = re.search(r"http://[0-9.:]+", printed)[0]
        line = curl_line(printed)
        assert "< digit.png |" in line
        assert run_line(line, folder) == predict(address, (folder / "digit.png").read_bytes())[2]
        assert line.replace(address, "http://127.0.0.1:5000") in DOCUMENT.read_text()


def test_documented_python_works(address, folder):
    code = re.search(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[1]
    output = subprocess.check_output(
        [sys.executable, "-c", code.replace("http://127.0.0.1:5000", address)],
        cwd=folder,
        text=True,
        timeout=30,
    )
    response = predict(address, (folder / "digit.png").read_bytes())[2]
    assert output == f"{response['predicted_digit']}\n"


def test_concurrent_requests_get_the_same_response(address, folder):
    data = (folder / "digit.png").read_bytes()
    with ThreadPoolExecutor(16) as threads:
        responses = list(threads.map(lambda _: predict(address, data)[2], range(32)))
    assert responses == [responses[0]] * 32


def test_server_survives_json_nested_400_000_deep(address, folder):
    for _ in range(8):
        assert request(address, "POST", "/predict", b"[" * 400_000)[0] == 400
    assert predict(address, (folder / "digit.png").read_bytes())[0] == 200


def test_absolute_url_without_a_path_is_the_root(address):
    with socket.create_connection(urlsplit(address).netloc.split(":"), timeout=30) as client:
        client.sendall(b"GET http://x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with client.makefile("rb") as response:
            assert response.readline() == b"HTTP/1.1 200 OK\r\n"
            assert b"\r\n\r\n{" in response.read()


@pytest.mark.parametrize("option", ["--open", None])
@pytest.mark.parametrize("display", [":0", ""])
def test_open_opens_the_page_if_there_is_a_display(model, tmp_path, option, display):
    """The browser is a program that records the URL."""
    browser, shown = tmp_path / "browser", tmp_path / "shown"
    browser.write_text(f'#!/bin/sh\necho "$1" >> "{shown}"\n', encoding="utf-8")
    browser.chmod(0o755)
    seen = {"BROWSER": f"{browser} %s", "DISPLAY": display, "WAYLAND_DISPLAY": ""}
    options = [] if option is None else [option]
    with serving("--model", model, *options, env=os.environ | seen) as (_, printed):
        pass  # the page is opened before anything is printed
    opened = shown.read_text(encoding="utf-8").splitlines() if shown.exists() else []
    address = re.search(r"http://[0-9.:]+/", printed)[0]
    assert opened == ([address] if option and display else [])


def test_origin_option_sets_the_origins(model):
    origins = ["https://digits.example.org", "http://[::1]:3000"]
    options = [argument for origin in origins for argument in ("--origin", origin)]
    with serving("--model", model, *options) as (_, printed):
        address = re.search(r"http://[0-9.:]+", printed)[0]
        for origin, allowed in [*((o, o) for o in origins), ("http://localhost:3000", None)]:
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
            connection.request("GET", "/", headers={"Origin": origin})
            assert connection.getresponse().headers["Access-Control-Allow-Origin"] == allowed
            connection.close()


@pytest.mark.parametrize(
    ("host", "shown"),
    [("localhost", r"127\.0\.0\.1|\[::1\]"), ("0.0.0.0", r"127\.0\.0\.1"), ("::1", r"\[::1\]")],
)
def test_printed_url_works_for_every_host(model, host, shown):
    if host == "::1" and not has_ipv6():
        pytest.skip("IPv6 is not available")
    with serving("--host", host, "--model", model) as (_, printed):
        addresses = re.findall(rf"^  (http://(?:{shown}):[0-9]+)/$", printed, re.MULTILINE)
        assert addresses
        for address in addresses:
            assert request(address, "GET", "/")[0] == 200
        assert "probabilities" in run_line(curl_line(printed), Path.cwd())


def has_ipv6():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_sigterm_exit_cleanly(model, number):
    with serving("--model", model) as (process, printed):
        address = re.search(r"http://[0-9.:]+", printed)[0]
        # More requests than threads; nothing may be printed to standard error.
        with ThreadPoolExecutor(32) as threads:
            responses = list(threads.map(lambda _: request(address, "GET", "/"), range(64)))
        assert {status for status, _, _ in responses} == {200}
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == process.stderr.read() == ""


def test_model_file_can_be_served_under_another_name(model):
    with serving("--model", "mlp", "--model", f"mlp-2={model}") as (_, printed):
        assert " is serving the models mlp, mlp-2 at" in printed
        address = re.search(r"http://[0-9.:]+", printed)[0]
        _, _, body = request(address, "GET", "/api/v1/models")
        assert [each["name"] for each in body["models"]] == ["mlp", "mlp-2"]
        _, _, body = request(address, "GET", "/api/v1/models/mlp-2")
        assert body["digest"] == Recognizer.load(model).digest


def test_port_in_use_is_reported_in_one_sentence(model):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        status, sentence = failed("--port", port, "--model", model)
    assert status == 1
    assert sentence == (
        f"Error: Port {port} of 127.0.0.1 is in use; choose another with --port (0: a free one).\n"
    )


def test_next_free_port_is_used_if_none_was_chosen(model):
    """Port 5000 is in use: by AirPlay on a Mac, here by the test."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # another program has it
            taken.bind(("127.0.0.1", 5000))
            taken.listen()
        with serving("--model", model, port=None) as (_, printed):
            port = urlsplit(address_in(printed)).port
            assert 5000 < port < 5020
            assert printed.startswith(f"Port 5000 is in use, so the port is {port}.\n")


def test_misspelt_setting_is_a_warning(model):
    environment = os.environ | {"INKDIGITS_WORKER": "1"}
    process = subprocess.run(
        [*COMMAND, "--model", "missing"],
        capture_output=True,
        text=True,
        timeout=60,
        env=environment,
    )
    assert process.stderr.startswith(
        "Warning: INKDIGITS_WORKER is not a setting of the service; "
        "did you mean INKDIGITS_WORKERS?\nError: "
    )


@pytest.mark.parametrize("host", ["192.0.2.7", "no-such-host.invalid", "a" * 70, "::1::"])
def test_invalid_host_is_reported_in_one_sentence(model, host):
    status, sentence = failed("--host", host, "--model", model)
    assert status == 1
    assert f"Cannot listen on {host} (" in sentence


def test_missing_or_damaged_model_is_reported_in_one_sentence(model, tmp_path):
    assert failed("--model", tmp_path / "none.safetensors")[0] == 1
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(model.read_bytes()[:-1])
    status, sentence = failed("--model", damaged)
    assert status == 1
    assert str(damaged) in sentence


@pytest.mark.parametrize("origin", ["*", "localhost:3000", "http://localhost:3000/"])
def test_invalid_origin_is_rejected(model, origin):
    status, sentence = failed("--origin", origin, "--port", 0, "--model", model)
    assert status == 2
    assert f"'{origin}' is not an origin" in sentence


@pytest.mark.parametrize("package", ["flask", "httptools", "pydantic"])
def test_missing_extra_is_reported_in_one_sentence(package):
    code = f"import sys; sys.modules['{package}'] = None; {CODE}"
    process = subprocess.run(
        [sys.executable, "-c", code, "serve"], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 1
    assert process.stderr == (
        f"Error: The package {package} is not installed; run pip install 'inkdigits[serve]'.\n"
    )


def test_command_line_works_without_the_extra():
    code = (
        "import sys; import inkdigits.cli.serve; "
        "sys.exit(bool({'flask', 'httptools', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0


def test_every_option_is_documented():
    document = DOCUMENT.read_text()
    for option in serve_command.params:
        for name in option.opts:
            assert f"| `{name}` |" in document


@pytest.mark.parametrize("is_built", [True, False])
def test_missing_page_is_reported_at_the_start(model, tmp_path, is_built):
    package = tmp_path / "inkdigits"
    without_page = shutil.ignore_patterns("page", "__pycache__")
    shutil.copytree(Path(inkdigits.__file__).parent, package, ignore=without_page)
    if is_built:
        (package / "page").mkdir()
        (package / "page" / "index.html").write_text("<title>the page</title>")
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    with serving("--model", model, env=environment) as (_, printed):
        browser = request(address_in(printed), "GET", "/", headers={"Accept": "text/html"})[2]
        program = request(address_in(printed), "GET", "/")[2]
    assert ("has no drawing page: run `make run`" in printed) != is_built
    assert (b"<title>the page" in browser) == is_built
    assert b"<!doctype html>" in browser or is_built
    assert program["name"] == "inkdigits"


def test_profiles_are_kept_for_this_computer_alone(tmp_path):
    environment = {
        name: value for name, value in os.environ.items() if name != "INKDIGITS_DATABASE"
    }
    environment |= {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with serving("--profiles", env=environment) as (_, printed):
        created = request(address_in(printed), "POST", "/api/v1/profiles", '{"consent": true}')
        assert created[0] == 201
    assert list(tmp_path.rglob("profiles.sqlite3"))


def test_profiles_are_not_kept_where_others_reach_the_server(monkeypatch, capsys):
    for setting, database in (
        ({"host": "0.0.0.0"}, ""),
        ({"database": "mine.sqlite3"}, "mine.sqlite3"),
    ):
        settings = serve_module.with_profiles(Settings(**setting))
        assert settings.database == database
        said = capsys.readouterr().err
        assert ("INKDIGITS_DATABASE" in said) == (not database)
