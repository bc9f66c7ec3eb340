"""The containers' files agree with each other, with the service and with docs/deployment.md."""

import re
from pathlib import Path

import pytest
import yaml

from inkdigits.api.headers import ON_EVERY_ANSWER, REQUEST_ID
from inkdigits.api.routes.frontend import FOR_EVER_S, POLICY
from inkdigits.api.settings import Settings

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
NGINX = (ROOT / "deploy/nginx/default.conf.template").read_text(encoding="utf-8")
PROCESS = (ROOT / "deploy/nginx/nginx.conf").read_text(encoding="utf-8")
TEXTS = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("compose.yaml", "compose.cors.yaml")
}
COMPOSE = yaml.safe_load(TEXTS["compose.yaml"])
SERVICES = COMPOSE["services"]
FIELDS = {f"INKDIGITS_{name.upper()}": field for name, field in Settings.model_fields.items()}
# Variables that compose files do not name themselves.
OF_COMPOSE, OF_SCRIPTS = {"COMPOSE_FILE": "compose.yaml"}, {"INKDIGITS_REPLACE_S": "120"}


def filled_in(text):
    """The variables that a compose file is filled in with, each with its default."""
    return dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))


def handed_on(service):
    """The variables that a container, or what builds it, gets as they are, if they are set."""
    lists = [SERVICES[service]["environment"], SERVICES[service]["build"]["args"]]
    return {name for variables in lists for name, value in variables.items() if value is None}


def base_images(service):
    """The base images that a Dockerfile names, by argument."""
    recipe = (ROOT / f"deploy/{service}.Dockerfile").read_text(encoding="utf-8")
    return dict(re.findall(r"^ARG (\w+_IMAGE)=(.*)$", recipe, re.MULTILINE))


def variables():
    """Everything that can be set, and its default; none stands for the service's own."""
    plain = {name: None for service in SERVICES for name in handed_on(service)}
    laid_over = {
        name: default
        for name, default in filled_in(TEXTS["compose.cors.yaml"]).items()
        if name not in filled_in(TEXTS["compose.yaml"])
    }
    filled = laid_over | filled_in(TEXTS["compose.yaml"])
    # What a base image is pinned to is written by `make digests`, and only where it is used.
    return (
        plain | {k: v.partition("@sha256:")[0] for k, v in filled.items()} | OF_COMPOSE | OF_SCRIPTS
    )


def default_of(name):
    """The default of a setting of the service, as a person would write it."""
    value = FIELDS[name].default
    return ",".join(value) if isinstance(value, tuple) else str(value)


def seconds(text):
    return float(re.fullmatch(r"(\d+)s", text)[1])


def test_the_example_holds_every_variable_with_its_default():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = dict(line[1:].split("=", 1) for line in lines if re.match(r"#\w+=", line))
    wanted = {
        name: (default_of(name) if name in FIELDS else "") if default is None else default
        for name, default in variables().items()
    }
    assert example == wanted
    assert all(not line or line.startswith("#") for line in lines)


def rows():
    """The defaults in the document's table of settings, by name."""
    section = DOCUMENT.split("\n## Settings\n")[1].split("\n## ")[0]
    found = {}
    for row in re.findall(r"^\| (`.*) \| (.*?) \| .* \|$", section, re.MULTILINE):
        found |= dict.fromkeys(re.findall(r"`(\w+)`", row[0]), row[1].strip("`"))
    return found


def test_the_document_has_every_variable_with_its_default():
    documented = rows()
    assert set(documented) == set(variables())
    for name, default in variables().items():
        if default is None and name in FIELDS:
            assert documented[name] == "[the service's own](api.md#settings)"
        else:
            assert documented[name] == (default or "none"), name


def test_every_setting_of_the_service_reaches_it():
    # Where it listens is the image's affair.
    assert set(SERVICES["api"]["environment"]) == set(FIELDS) - {"INKDIGITS_HOST", "INKDIGITS_PORT"}
    recipe = (ROOT / "deploy/api.Dockerfile").read_text(encoding="utf-8")
    assert "INKDIGITS_HOST=0.0.0.0" in recipe
    (port,) = re.findall(r"INKDIGITS_PORT=(\d+)", recipe)
    assert f"EXPOSE {port}\n" in recipe
    assert f"http://127.0.0.1:{port}/readyz" in recipe
    assert f"http://api:{port};" in NGINX


@pytest.mark.parametrize("service", ["api", "web"])
def test_base_images_have_one_default_and_a_fixed_version(service):
    recipe = (ROOT / f"deploy/{service}.Dockerfile").read_text(encoding="utf-8")
    assert base_images(service)
    for name, image in base_images(service).items():
        assert SERVICES[service]["build"]["args"][name] == f"${{{name}:-{image}}}"
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?", image)
    # What the oldest builders know.
    assert not re.search(r"^# *syntax|--mount|--chmod|<<", recipe, re.MULTILINE)


def test_the_image_of_the_proxy_has_the_same_defaults():
    recipe = (ROOT / "deploy/web.Dockerfile").read_text(encoding="utf-8")
    own = dict(re.findall(r'^ {4}(INKDIGITS_\w+)="?(.*?)"?(?: \\)?$', recipe, re.MULTILINE))
    of_compose = SERVICES["web"]["environment"]
    assert own == {name: filled_in(TEXTS["compose.yaml"])[name] for name in of_compose}


def test_the_proxy_leaves_room_in_the_service():
    defaults = filled_in(TEXTS["compose.yaml"])
    requests = int(defaults["INKDIGITS_PROXY_REQUESTS"])
    (connections,) = re.findall(r"worker_connections (\d+);", PROCESS)
    (files,) = re.findall(r"worker_rlimit_nofile (\d+);", PROCESS)
    assert (
        int(defaults["INKDIGITS_PROXY_CLIENT_REQUESTS"])
        < requests
        < Settings.model_fields["connections"].default
    )
    assert 2 * requests < int(connections) < int(files)


def test_the_proxy_repeats_no_post_that_a_service_has_begun_to_receive():
    assert re.findall(r"proxy_next_upstream (.*);", NGINX) == ["error timeout"]
    assert "proxy_request_buffering off;" in NGINX


def test_one_limit_of_a_body_holds_everywhere():
    limit = default_of("INKDIGITS_MAX_BODY_BYTES")
    for service in SERVICES.values():
        value = service["environment"]["INKDIGITS_MAX_BODY_BYTES"]
        assert value == f"${{INKDIGITS_MAX_BODY_BYTES:-{limit}}}"
    assert "client_max_body_size ${INKDIGITS_MAX_BODY_BYTES};" in NGINX


def test_nobody_is_cut_short_who_drains():
    grace = seconds(filled_in(TEXTS["compose.yaml"])["INKDIGITS_STOP_GRACE_PERIOD"])
    drain_s, grace_s = (float(default_of(f"INKDIGITS_{name}_S")) for name in ("DRAIN", "GRACE"))
    assert grace > drain_s + grace_s
    (read_timeout,) = re.findall(r"proxy_read_timeout (\w+);", NGINX)
    assert seconds(SERVICES["web"]["stop_grace_period"]) > seconds(read_timeout)
    assert seconds(read_timeout) > float(default_of("INKDIGITS_DEADLINE_S"))


@pytest.mark.parametrize("service", ["api", "web"])
def test_each_container_is_hardened_and_limited(service):
    container = SERVICES[service]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["restart"] == "unless-stopped"
    assert {"cpus", "mem_limit", "pids_limit", "stop_signal", "stop_grace_period"} <= set(container)
    assert set(container["logging"]["options"]) == {"max-size", "max-file"}
    assert all("size=" in folder for folder in container["tmpfs"])
    assert not {"privileged", "volumes", "cap_add", "network_mode", "pid"} & set(container)


def test_there_is_a_processor_for_each_worker():
    workers = SERVICES["api"]["environment"]["INKDIGITS_WORKERS"]
    assert SERVICES["api"]["cpus"] == workers == "${INKDIGITS_WORKERS:-1}"


def test_ports_are_published_on_this_machine_alone_unless_set():
    published = [port for text in TEXTS.values() for port in re.findall(r"ports: \[(.*)\]", text)]
    assert len(published) == 2
    assert all(port.startswith('"${INKDIGITS_ADDRESS:-127.0.0.1}:') for port in published)


def test_the_proxy_signs_its_answers_as_the_service_does():
    for name, value in ON_EVERY_ANSWER.items():
        variable = name.lower().replace("-", "_")
        (given,) = re.findall(
            rf'^map \$upstream_http_{variable} \${variable} {{ "" (.*); }}$', NGINX, re.MULTILINE
        )
        if given.startswith("$"):
            (given,) = re.findall(rf"\{given} {{\n    default (.*);", NGINX)
        assert given == f'"{value}"'
        assert re.search(rf"^    add_header {name} \${variable} always;$", NGINX, re.MULTILINE)
    policy = POLICY.replace("connect-src 'self'", "connect-src 'self' ${INKDIGITS_API_ORIGIN}")
    assert f'"{policy}"' in NGINX
    assert f"max-age={FOR_EVER_S}, immutable" in NGINX
    assert f'"~^{REQUEST_ID.pattern}$"' in NGINX
    # One in a location would undo all those of the server.
    assert not re.search(r"^ {8,}add_header", NGINX, re.MULTILINE)


def test_every_error_of_the_proxys_own_has_its_words():
    (codes,) = re.findall(r"^    error_page ([0-9 ]+) /problem;$", NGINX, re.MULTILINE)
    for words in ("title", "detail"):
        (table,) = re.findall(rf"^map \$status \$problem_{words} {{\n(.*?)^}}", NGINX, re.M | re.S)
        assert set(re.findall(r"^    (\d+) ", table, re.MULTILINE)) == {*codes.split(), "431"}


@pytest.mark.parametrize("recipe", ["up", "down", "logs", "replace", "digests", "test-deploy"])
def test_the_recipes_are_documented(recipe):
    assert f"make {recipe}" in DOCUMENT


def test_the_locks_of_the_image_are_of_the_versions_that_are_tested():
    tested = (ROOT / "requirements/run.txt").read_text(encoding="utf-8")
    for name in ("serve", "build"):
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        pinned = re.findall(r"^\w\S*==.*$", text, re.MULTILINE)
        assert pinned
        for line in pinned:
            assert line in tested.splitlines(), f"run `make lock`: {line}"


def pinned(name):
    """What a lock file installs: a requirement and its hashes for each package."""
    text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\w)", text.strip())
    return {block.split(" ")[0]: re.findall(r"--hash=sha256:\w{64}", block) for block in blocks}


@pytest.mark.parametrize("name", ["run", "serve", "build", "test", "compare"])
def test_every_package_is_pinned_by_its_hash(name):
    assert all("==" in package and hashes for package, hashes in pinned(name).items())


def test_only_pytorch_and_what_it_needs_of_cuda_have_no_hash():
    packages = {package.partition("==")[0] for package in pinned("torch")}
    assert "torch" in packages
    assert all(re.fullmatch(r"torch|triton|(cuda|nvidia)-.*", name) for name in packages)
    assert not packages & {package.partition("==")[0] for package in pinned("compare")}
