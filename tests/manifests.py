"""The manifests in deploy/kubernetes, as data."""

import re
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "deploy/kubernetes"
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))["services"]
PARTS = ["base", "overlays/autoscaling", "overlays/one-node", "ray"]
SUFFIXES = {"m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "k": 2**10, "g": 2**30}


@cache
def documents(name):
    """The content of a file, which nobody may change."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return list(yaml.load_all(text, yaml.CSafeLoader))


def customization(part):
    (content,) = documents(f"{part}/kustomization.yaml")
    return content


def resources(part):
    """Every resource of a folder, also that of the folder on which it is based."""
    content = customization(part)
    based_on = [str(Path(part, base)) for base in content.get("bases", [])]
    assert based_on in ([], [f"{part}/../../base"])
    own = [each for name in content["resources"] for each in documents(f"{part}/{name}")]
    return own + (resources("base") if based_on else [])


def resource(part, kind, name):
    (found,) = [r for r in resources(part) if (r["kind"], r["metadata"]["name"]) == (kind, name)]
    return found


def workloads(part):
    return [r for r in resources(part) if r["kind"] in ("Deployment", "StatefulSet")]


def pod(part, name):
    """The pod template of a workload."""
    (found,) = [r for r in workloads(part) if r["metadata"]["name"] == name]
    return found["spec"]["template"]


def container(part, name):
    (found,) = pod(part, name)["spec"]["containers"]
    return found


def number(text):
    """A quantity of Kubernetes: 64Mi, 250m."""
    digits, suffix = re.fullmatch(r"([\d.]+)(\w*)", str(text)).groups()
    return float(digits) * (SUFFIXES[suffix] if suffix else 1)


def dockerfile(name):
    return (ROOT / f"deploy/{name}.Dockerfile").read_text(encoding="utf-8")


def default(text):
    """The default in ${NAME:-default} of Compose; any other text as it is."""
    found = re.fullmatch(r"\$\{\w+:?-(.*)\}", str(text))
    return found[1] if found else str(text)


def environment(name):
    """The variables of a container of the base, with what the generated configuration adds."""
    found = {}
    for source in container("base", name).get("envFrom", []):
        (generator,) = [
            each
            for each in customization("base")["configMapGenerator"]
            if each["name"] == source["configMapRef"]["name"]
        ]
        found |= dict(literal.split("=", 1) for literal in generator["literals"])
    return found | {each["name"]: each.get("value") for each in container("base", name)["env"]}


def labels_of(part):
    return {r["metadata"]["name"]: pod(part, r["metadata"]["name"])["metadata"]["labels"]
            for r in workloads(part)}  # fmt: skip


def chosen(part, selector):
    """The workloads that a selector of pods chooses."""
    wanted = selector.get("matchLabels", {})
    rules = selector.get("matchExpressions", [])
    assert all(rule["operator"] == "In" for rule in rules)
    return {
        name
        for name, labels in labels_of(part).items()
        if wanted.items() <= labels.items()
        and all(labels.get(rule["key"]) in rule["values"] for rule in rules)
    }
