"""The container files agree with each other, the service and docs/deployment.md."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from serving import address_in, request, serving
from sqlalchemy import make_url

from inkdigits.api.headers import REQUEST_ID, SECURITY_HEADERS
from inkdigits.api.routes.frontend import IMMUTABLE_MAX_AGE_S, PAGE_POLICY
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
# Variables that the compose files do not name.
OF_COMPOSE, OF_SCRIPTS = {"COMPOSE_FILE": "compose.yaml"}, {"INKDIGITS_REPLACE_S": "120"}


def substituted(text):
    """The variables that are substituted in a compose file, with their defaults."""
    return dict(re.findall(r"\$\{(\w+):?-([^}]*)\}", text))


def passed_on(service):
    """The variables that are passed to a container or its build if they are set."""
    lists = [SERVICES[service]["environment"], SERVICES[service]["build"]["args"]]
    return {name for variables in lists for name, value in variables.items() if value is None}


def base_images(service):
    """The base images of a Dockerfile, by argument."""
    dockerfile = (ROOT / f"deploy/{service}.Dockerfile").read_text(encoding="utf-8")
    return dict(re.findall(r"^ARG (\w+_IMAGE)=(.*)$", dockerfile, re.MULTILINE))


def variables():
    """Every variable with its default; None if the default is the service's."""
    plain = {name: None for service in SERVICES for name in passed_on(service)}
    of_cors = {
        name: default
        for name, default in substituted(TEXTS["compose.cors.yaml"]).items()
        if name not in substituted(TEXTS["compose.yaml"])
    }
    defaults = of_cors | substituted(TEXTS["compose.yaml"])
    # `make digests` pins base images where they are used; the documents have the tags alone.
    return (
        plain
        | {k: v.partition("@sha256:")[0] for k, v in defaults.items()}
        | OF_COMPOSE
        | OF_SCRIPTS
    )


def default_of(name):
    """The default of a setting of the service, as it would be written in a file."""
    value = FIELDS[name].default
    return ",".join(value) if isinstance(value, tuple) else str(value)


def seconds(text):
    return float(re.fullmatch(r"(\d+)s", text)[1])


def test_env_example_has_every_variable_with_its_default():
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


def test_every_variable_is_documented_with_its_default():
    documented = rows()
    assert set(documented) == set(variables())
    for name, default in variables().items():
        if default is None and name in FIELDS:
            assert documented[name] == "[the service's own](api.md#settings)"
        else:
            assert documented[name] == (default or "none"), name


def test_every_setting_is_passed_to_the_service():
    # The image sets where the service listens, and containers have no lab.
    of_lab = {name for name in FIELDS if name.startswith("INKDIGITS_LAB_")}
    passed = set(FIELDS) - of_lab - {"INKDIGITS_HOST", "INKDIGITS_PORT"}
    environment = SERVICES["api"]["environment"]
    assert set(environment) == passed
    assert environment["INKDIGITS_LAB"] == "0"
    dockerfile = (ROOT / "deploy/api.Dockerfile").read_text(encoding="utf-8")
    assert "INKDIGITS_HOST=0.0.0.0" in dockerfile
    (port,) = re.findall(r"INKDIGITS_PORT=(\d+)", dockerfile)
    assert f"EXPOSE {port}\n" in dockerfile
    assert f"http://127.0.0.1:{port}/readyz" in dockerfile
    assert SERVICES["web"]["environment"]["INKDIGITS_SERVICE"].endswith(f":-api:{port}}}")
    assert "set $service http://${INKDIGITS_SERVICE};" in NGINX


@pytest.mark.parametrize("service", ["api", "web"])
def test_base_images_have_one_default_and_a_pinned_version(service):
    dockerfile = (ROOT / f"deploy/{service}.Dockerfile").read_text(encoding="utf-8")
    assert base_images(service)
    for name, image in base_images(service).items():
        assert SERVICES[service]["build"]["args"][name] == f"${{{name}:-{image}}}"
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*(@sha256:[0-9a-f]{64})?", image)
    # No syntax that the classic builder does not support.
    assert not re.search(r"^# *syntax|--mount|--chmod|<<", dockerfile, re.MULTILINE)


def test_proxy_image_has_the_defaults_of_compose():
    dockerfile = (ROOT / "deploy/web.Dockerfile").read_text(encoding="utf-8")
    own = dict(re.findall(r'^ {4}(INKDIGITS_\w+)="?(.*?)"?(?: \\)?$', dockerfile, re.MULTILINE))
    of_compose = SERVICES["web"]["environment"]
    assert own == {name: substituted(TEXTS["compose.yaml"])[name] for name in of_compose}


@pytest.mark.parametrize(
    ("given", "resolv_conf", "resolver"),
    [
        ("", "search example.org\nnameserver 127.0.0.11\noptions ndots:0\n", "127.0.0.11"),
        ("", "nameserver 10.96.0.10\nnameserver fd00::a\n", "10.96.0.10 [fd00::a]"),
        ("10.0.0.2", "nameserver 127.0.0.11\n", "10.0.0.2"),
        ("", "search example.org\n", None),
    ],
)
def test_proxy_asks_the_name_servers_of_its_container(tmp_path, given, resolv_conf, resolver):
    (tmp_path / "resolv.conf").write_text(resolv_conf)
    script = (ROOT / "deploy/nginx/start.sh").read_text(encoding="utf-8")
    for path, replacement in {
        " /etc/resolv.conf)": f" {tmp_path}/resolv.conf)",
        "/etc/nginx/conf.d": str(tmp_path),
        "/docker-entrypoint.sh": "",
    }.items():
        script = script.replace(path, replacement)
    done = subprocess.run(
        ["sh", "-c", script, "start", "printenv", "INKDIGITS_RESOLVER"],
        env={"PATH": os.environ["PATH"], "INKDIGITS_RESOLVER": given}
        | {"INKDIGITS_TRUSTED_PROXIES": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == (resolver or "")
    assert done.returncode == (0 if resolver else 1)
    assert ("set this variable" in done.stderr) == (resolver is None)


def test_proxy_limits_are_below_those_of_the_service():
    defaults = substituted(TEXTS["compose.yaml"])
    requests = int(defaults["INKDIGITS_PROXY_REQUESTS"])
    (connections,) = re.findall(r"worker_connections (\d+);", PROCESS)
    (files,) = re.findall(r"worker_rlimit_nofile (\d+);", PROCESS)
    assert (
        int(defaults["INKDIGITS_PROXY_CLIENT_REQUESTS"])
        < requests
        < Settings.model_fields["connections"].default
    )
    assert 2 * requests < int(connections) < int(files)


def test_proxy_does_not_retry_a_started_post():
    assert re.findall(r"proxy_next_upstream (.*);", NGINX) == ["error timeout"]
    assert "proxy_request_buffering off;" in NGINX


def test_body_limit_is_the_same_everywhere():
    limit = default_of("INKDIGITS_MAX_BODY_BYTES")
    for service in SERVICES.values():
        value = service["environment"]["INKDIGITS_MAX_BODY_BYTES"]
        assert value == f"${{INKDIGITS_MAX_BODY_BYTES:-{limit}}}"
    assert "client_max_body_size ${INKDIGITS_MAX_BODY_BYTES};" in NGINX


def test_stop_grace_period_covers_draining():
    grace = seconds(substituted(TEXTS["compose.yaml"])["INKDIGITS_STOP_GRACE_PERIOD"])
    drain_s, grace_s = (float(default_of(f"INKDIGITS_{name}_S")) for name in ("DRAIN", "GRACE"))
    assert grace > drain_s + grace_s
    (read_timeout,) = re.findall(r"proxy_read_timeout (\w+);", NGINX)
    assert seconds(SERVICES["web"]["stop_grace_period"]) > seconds(read_timeout)
    assert seconds(read_timeout) > float(default_of("INKDIGITS_QUEUE_TIMEOUT_S"))


@pytest.mark.parametrize("service", ["api", "web"])
def test_containers_are_hardened_and_limited(service):
    container = SERVICES[service]
    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"]
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert container["restart"] == "unless-stopped"
    assert {"cpus", "mem_limit", "pids_limit", "stop_signal", "stop_grace_period"} <= set(container)
    assert set(container["logging"]["options"]) == {"max-size", "max-file"}
    assert all("size=" in folder for folder in container["tmpfs"])
    assert not {"privileged", "cap_add", "network_mode", "pid"} & set(container)


def test_only_profiles_are_kept_in_a_volume():
    assert COMPOSE["volumes"] == {"profiles": None}
    (volume,) = SERVICES["api"]["volumes"]
    name, folder = volume.split(":")
    assert name == "profiles"
    database = substituted(TEXTS["compose.yaml"])["INKDIGITS_DATABASE"]
    assert database == f"{folder}/profiles.sqlite3"
    dockerfile = (ROOT / "deploy/api.Dockerfile").read_text(encoding="utf-8")
    # A new volume belongs to the user of the service, and nobody else can read it.
    (user,) = re.findall(r"^USER (\S+)$", dockerfile, re.MULTILINE)
    assert f"RUN mkdir -m 0700 {folder} && chown {user} {folder}\n" in dockerfile
    assert "volumes" not in SERVICES["web"]


def test_make_down_keeps_the_volume():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r"^down:.*\n\t(.*)$", makefile, re.MULTILINE)
    assert "--volumes" not in command
    assert " -v" not in command


def test_cpu_limit_is_the_number_of_workers():
    workers = SERVICES["api"]["environment"]["INKDIGITS_WORKERS"]
    assert SERVICES["api"]["cpus"] == workers == "${INKDIGITS_WORKERS:-1}"


def test_ports_are_published_on_localhost_by_default():
    published = [port for text in TEXTS.values() for port in re.findall(r"ports: \[(.*)\]", text)]
    assert len(published) == 2
    assert all(port.startswith('"${INKDIGITS_ADDRESS:-127.0.0.1}:') for port in published)


def test_proxy_sends_the_headers_of_the_service():
    for name, value in SECURITY_HEADERS.items():
        variable = name.lower().replace("-", "_")
        (given,) = re.findall(
            rf'^map \$upstream_http_{variable} \${variable} {{ "" (.*); }}$', NGINX, re.MULTILINE
        )
        if given.startswith("$"):
            (given,) = re.findall(rf"\{given} {{\n    default (.*);", NGINX)
        assert given == f'"{value}"'
        assert re.search(rf"^    add_header {name} \${variable} always;$", NGINX, re.MULTILINE)
    policy = PAGE_POLICY.replace("connect-src 'self'", "connect-src 'self' ${INKDIGITS_API_ORIGIN}")
    assert f'"{policy}"' in NGINX
    assert f"max-age={IMMUTABLE_MAX_AGE_S}, immutable" in NGINX
    assert f'"~^{REQUEST_ID.pattern}$"' in NGINX
    # An add_header in a location would cancel all those of the server.
    assert not re.search(r"^ {8,}add_header", NGINX, re.MULTILINE)


def test_every_proxy_error_has_title_and_detail():
    (codes,) = re.findall(r"^    error_page ([0-9 ]+) /problem;$", NGINX, re.MULTILINE)
    for part in ("title", "detail"):
        (table,) = re.findall(rf"^map \$status \$problem_{part} {{\n(.*?)^}}", NGINX, re.M | re.S)
        assert set(re.findall(r"^    (\d+) ", table, re.MULTILINE)) == {*codes.split(), "431"}


@pytest.mark.parametrize(
    "target", ["up", "down", "logs", "replace", "backup", "restore", "digests", "test-deploy"]
)
def test_make_targets_are_documented(target):
    assert f"make {target}" in DOCUMENT


def test_image_has_the_tested_versions():
    # A package may be needed on some systems only, which a marker after it says.
    packages = re.compile(r"^\w\S*==\S+", re.MULTILINE)
    tested = packages.findall((ROOT / "requirements/run.txt").read_text(encoding="utf-8"))
    for name in ("serve", "build"):
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        pinned = packages.findall(text)
        assert pinned
        for package in pinned:
            assert package in tested, f"run `make lock`: {package}"


def pinned(name):
    """The packages of a lock file: requirement and hashes."""
    text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
    blocks = re.split(r"\n(?=\w)", text.strip())
    return {block.split(" ")[0]: re.findall(r"--hash=sha256:\w{64}", block) for block in blocks}


@pytest.mark.parametrize("name", ["run", "serve", "build", "workers", "test", "compare", "extras"])
def test_every_package_is_pinned_by_hash(name):
    assert all("==" in package and hashes for package, hashes in pinned(name).items())


def test_only_pytorch_and_cuda_packages_have_no_hash():
    packages = {package.partition("==")[0] for package in pinned("torch")}
    assert "torch" in packages
    assert all(re.fullmatch(r"torch|triton|(cuda|nvidia)-.*", name) for name in packages)
    assert not packages & {package.partition("==")[0] for package in pinned("compare")}


def test_documented_command_prints_the_metrics():
    [command] = re.findall(
        r"^sh deploy/compose\.sh exec api python (-c .*)$", DOCUMENT, re.MULTILINE
    )
    option, code = shlex.split(command)
    with serving() as (_, printed):
        address = address_in(printed)
        code = code.replace("http://127.0.0.1:5000", address)
        output = subprocess.check_output([sys.executable, option, code], text=True, timeout=60)
        # A server without a proxy in front shows them to everyone, as the document says.
        assert request(address, "GET", "/metrics")[0] == 200
    assert "inkdigits_model_info{" in output


def test_metrics_are_not_passed_on_by_nginx():
    passed_on = re.search(r"location ~ \^/\(([^)]*)\)\(/\|\$\)", NGINX)[1]
    assert "predict" in passed_on
    assert "metrics" not in passed_on


def test_documented_postgresql_fits_the_compose_file():
    blocks = [
        yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    ]
    [block] = [block for block in blocks if "database" in str(block.get("services"))]
    api, database = block["services"]["api"], block["services"]["database"]
    url = make_url(api["environment"]["INKDIGITS_DATABASE"])
    assert url.drivername == "postgresql+psycopg"
    assert (url.host, url.username) == ("database", database["environment"]["POSTGRES_USER"])
    assert url.password == database["environment"]["POSTGRES_PASSWORD"]
    assert api["depends_on"] == {"database": {"condition": "service_healthy"}}
    # The service can reach it, and nobody else.
    assert database["networks"] == SERVICES["api"]["networks"] == ["inside"]
    (volume,) = database["volumes"]
    assert volume.partition(":")[0] in block["volumes"]


def test_documented_compose_file_and_scrape_configuration_fit_the_compose_file():
    blocks = [
        yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    ]
    [prometheus] = [
        block["services"]["prometheus"]
        for block in blocks
        if "prometheus" in str(block.get("services"))
    ]
    assert set(prometheus["networks"]) <= set(COMPOSE["networks"])
    assert set(SERVICES["api"]["networks"]) <= set(prometheus["networks"])
    [scrape] = [block["scrape_configs"] for block in blocks if "scrape_configs" in block]
    [target] = scrape[0]["dns_sd_configs"]
    assert target["names"] == ["api"]
    assert target["port"] == int(
        re.search(r"INKDIGITS_PORT=(\d+)", (ROOT / "deploy/api.Dockerfile").read_text())[1]
    )


def test_no_variable_is_named_twice():
    # PyYAML takes the last of two equal keys; Compose refuses the file.
    names = re.findall(r"^ {6}([A-Z_]+):", TEXTS["compose.yaml"].split("\n  web:")[0], re.MULTILINE)
    assert len(names) == len(set(names))
