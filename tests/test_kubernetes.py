"""The manifests in deploy/kubernetes agree with compose.yaml, the images and the service.

`make kubernetes` renders them and validates the result.
"""

import re

import pytest
from manifests import (
    COMPOSE,
    FOLDER,
    PARTS,
    ROOT,
    container,
    customization,
    default,
    dockerfile,
    environment,
    number,
    pod,
    resource,
    workloads,
)
from sqlalchemy import make_url

from inkdigits.api.settings import Settings
from inkdigits.version import __version__

SCALE = (ROOT / "docs/scale.md").read_text(encoding="utf-8")
ALL_WORKLOADS = [(part, r["metadata"]["name"]) for part in ("base", "ray") for r in workloads(part)]


@pytest.mark.parametrize(("part", "name"), ALL_WORKLOADS)
def test_pods_are_hardened_as_in_compose(part, name):
    template = pod(part, name)["spec"]
    assert template["automountServiceAccountToken"] is False
    # With the names of Services come variables, one of which might be taken for a setting.
    assert template["enableServiceLinks"] is False
    user = template["securityContext"]
    assert user["runAsNonRoot"] is True
    assert user["seccompProfile"] == {"type": "RuntimeDefault"}
    assert user["runAsUser"] == user["runAsGroup"] == user["fsGroup"] > 0
    assert container(part, name)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(template)
    assert {"memory", "cpu"} == set(container(part, name)["resources"]["limits"])
    # No folder of the node, and nothing without a limit.
    for volume in template["volumes"]:
        assert set(volume) == {"name", "emptyDir"}
        assert "sizeLimit" in volume["emptyDir"]


@pytest.mark.parametrize(
    ("part", "name", "image"), [("base", "api", "api"), ("base", "web", "web")]
    + [("ray", name, "ray") for name in ("ray-head", "ray-worker")],
)  # fmt: skip
def test_images_have_the_user_and_the_version(part, name, image):
    (user,) = re.findall(r"^USER (\d+):\1$", dockerfile(image), re.MULTILINE)
    assert pod(part, name)["spec"]["securityContext"]["runAsUser"] == int(user)
    assert container(part, name)["image"] == f"inkdigits-{image}"
    tags = {each["name"]: each["newTag"] for each in customization(part)["images"]}
    assert tags[f"inkdigits-{image}"] == __version__


@pytest.mark.parametrize("name", ["api", "web"])
def test_limits_folders_and_ports_are_those_of_compose(name):
    compose, ours = COMPOSE[name], container("base", name)
    assert compose["image"] == f"inkdigits-{name}:${{INKDIGITS_TAG:-latest}}"
    limits = ours["resources"]["limits"]
    assert number(limits["cpu"]) == float(default(compose["cpus"]))
    in_compose = default(compose["mem_limit"]).replace("m", "Mi")
    assert number(limits["memory"]) == number(in_compose)
    (port,) = ours["ports"]
    assert f"EXPOSE {port['containerPort']}\n" in dockerfile(name)
    # What is in memory: the same folders, of the same size.
    sizes = {each["name"]: each["emptyDir"] for each in pod("base", name)["spec"]["volumes"]}
    assert all(each["medium"] == "Memory" for each in sizes.values())
    mounted = {
        each["mountPath"]: number(sizes[each["name"]]["sizeLimit"]) for each in ours["volumeMounts"]
    }
    assert mounted == {
        folder: number(re.search(r"size=(\w+)", options)[1].replace("m", "Mi"))
        for folder, options in (each.split(":") for each in compose["tmpfs"])
    }


@pytest.mark.parametrize("name", ["api", "web"])
def test_settings_are_those_of_compose(name):
    compose = {k: v for k, v in COMPOSE[name]["environment"].items() if v is not None}
    ours = environment(name)
    differ = {
        "INKDIGITS_DATABASE",  # PostgreSQL, not a file
        "INKDIGITS_SERVICE",  # with the domain of the cluster
    }
    for variable, value in compose.items():
        if variable not in differ:
            assert ours[variable] == default(value), variable
    assert differ & set(compose) <= set(ours)
    # What else is set is a setting, too.
    others = {"NAMESPACE", "DATABASE_PASSWORD"}
    assert set(ours) - others <= set(COMPOSE[name]["environment"])


def test_service_is_found_under_its_whole_name():
    name = environment("web")["INKDIGITS_SERVICE"]
    host, _, port = name.partition(":")
    service = resource("base", "Service", "api")
    assert host == f"{service['metadata']['name']}.$(NAMESPACE).svc.cluster.local"
    # The variable that it refers to comes before it.
    names = [each["name"] for each in container("base", "web")["env"]]
    assert names.index("NAMESPACE") < names.index("INKDIGITS_SERVICE")
    assert [int(port)] == [each["port"] for each in service["spec"]["ports"]]
    # nginx must see the replicas, to try another one.
    assert service["spec"]["clusterIP"] == "None"


def test_database_is_that_of_the_service():
    names = [each["name"] for each in container("base", "api")["env"]]
    assert names.index("DATABASE_PASSWORD") < names.index("INKDIGITS_DATABASE")
    url = make_url(environment("api")["INKDIGITS_DATABASE"])
    assert url.drivername == "postgresql+psycopg"
    assert url.password == "$(DATABASE_PASSWORD)"
    assert url.host == resource("base", "Service", "database")["metadata"]["name"]
    database = {each["name"]: each for each in container("base", "database")["env"]}
    # The database has the name of the user, unless the image is told another.
    assert url.username == url.database == database["POSTGRES_USER"]["value"]
    (secret,) = customization("base")["secretGenerator"]
    for name, variable in [("api", "DATABASE_PASSWORD"), ("database", "POSTGRES_PASSWORD")]:
        variables = container("base", name)["env"]
        (found,) = [each["valueFrom"] for each in variables if each["name"] == variable]
        assert found == {"secretKeyRef": {"name": secret["name"], "key": "password"}}
    # The same version as with Compose, and a volume for its data.
    deployment = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")
    assert f"image: {container('base', 'database')['image']}\n" in deployment
    (claim,) = resource("base", "StatefulSet", "database")["spec"]["volumeClaimTemplates"]
    folders = {
        each["name"]: each["mountPath"] for each in container("base", "database")["volumeMounts"]
    }
    assert database["PGDATA"]["value"].startswith(folders[claim["metadata"]["name"]] + "/")


@pytest.mark.parametrize("name", ["api", "web"])
def test_probes_are_the_health_checks_of_the_images(name):
    check = re.search(
        r"^HEALTHCHECK --interval=(\d+)s --timeout=(\d+)s --start-period=(\d+)s --retries=(\d+) "
        r"\\\n.*http://127\.0\.0\.1:(\d+)(/\w+)",
        dockerfile(name),
        re.MULTILINE,
    )
    interval, timeout, start, retries, port = map(int, check.groups()[:5])
    ours = container("base", name)
    assert ours["readinessProbe"] == {
        "httpGet": {"path": check[6], "port": "http"},
        "periodSeconds": interval,
        "timeoutSeconds": timeout,
        "failureThreshold": retries,
    }
    assert ours["ports"] == [{"name": "http", "containerPort": port}]
    startup = ours["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] == start
    # A service that is draining is not killed, and one that restarts a worker has time for it.
    liveness = ours["livenessProbe"]
    assert startup["httpGet"] == liveness["httpGet"] == {"path": "/healthz", "port": "http"}
    if name == "api":
        watchdog_s = Settings.model_fields["watchdog_s"].default
        assert liveness["periodSeconds"] * liveness["failureThreshold"] > 2 * watchdog_s


def test_pods_have_time_to_drain():
    settings = environment("api")
    drain_s = float(settings["INKDIGITS_DRAIN_S"])
    grace_s = Settings.model_fields["grace_s"].default
    assert pod("base", "api")["spec"]["terminationGracePeriodSeconds"] > drain_s + grace_s
    # Longer than a DNS answer is kept (5 s in the cluster, 1 s in nginx), and than in Compose.
    assert drain_s > Settings.model_fields["drain_s"].default + 6
    command = container("base", "web")["lifecycle"]["preStop"]["exec"]["command"]
    of_compose = float(COMPOSE["web"]["stop_grace_period"].rstrip("s"))
    time_s = pod("base", "web")["spec"]["terminationGracePeriodSeconds"]
    assert time_s == of_compose + float(command[1])


@pytest.mark.parametrize("name", ["api", "web"])
def test_replicas_are_replaced_one_by_one_and_kept_while_nodes_are_emptied(name):
    (deployment,) = [r for r in workloads("base") if r["metadata"]["name"] == name]
    assert deployment["spec"]["replicas"] > 1
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    budget = resource("base", "PodDisruptionBudget", name)["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == deployment["spec"]["selector"]
    # On different nodes, if there are several.
    (spread,) = pod("base", name)["spec"]["topologySpreadConstraints"]
    assert spread["labelSelector"] == deployment["spec"]["selector"]


def test_every_file_is_used():
    # For Helm, and to start by hand.
    named = {"overlays/autoscaling/prometheus-adapter.yaml", "ray/driver.yaml"}
    for part in PARTS:
        content = customization(part)
        files = [*content.get("resources", []), *content.get("patchesStrategicMerge", [])]
        files.append("kustomization.yaml")
        named |= {f"{part}/{name}" for name in files}
    assert named == {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.yaml")}
    script = (FOLDER / "check.sh").read_text(encoding="utf-8")
    assert re.search(r"^for part in (.*); do$", script, re.M)[1].split() == sorted(
        PARTS, key=lambda part: script.index(f" {part}")
    )


@pytest.mark.parametrize("part", PARTS)
def test_secrets_are_not_in_the_repository(part):
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/kubernetes/**/*.env" in ignored
    for generator in customization(part).get("secretGenerator", []):
        assert set(generator) == {"name", "env"}  # from a file, which is not here
        assert f"deploy/kubernetes/{part}/{generator['env']}" in SCALE
