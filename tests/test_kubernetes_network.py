"""The manifests in deploy/kubernetes agree with each other: who finds, reaches and watches whom."""

import pytest
from manifests import (
    chosen,
    container,
    customization,
    dockerfile,
    documents,
    labels_of,
    pod,
    resource,
    resources,
    workloads,
)

from inkdigits.api.metrics import Metrics


@pytest.mark.parametrize("part", ["base", "ray"])
def test_services_find_their_pods_and_workloads_are_named(part):
    for each in resources(part):
        if each["kind"] == "Service":
            (name,) = chosen(part, {"matchLabels": each["spec"]["selector"]})
            assert name == each["metadata"]["name"]
            ports = {p["name"]: p["containerPort"] for p in container(part, name)["ports"]}
            assert all(p["targetPort"] in ports for p in each["spec"]["ports"])
    for each in workloads(part):
        labels = each["spec"]["template"]["metadata"]["labels"]
        assert each["spec"]["selector"]["matchLabels"] == labels == each["metadata"]["labels"]


def connections(part):
    """Who may connect to whom: (from, to, port); None for what is not a workload of this part."""
    allowed = {"ingress": set(), "egress": set()}
    for policy in resources(part):
        if policy["kind"] != "NetworkPolicy":
            continue
        spec = policy["spec"]
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule in spec.get(direction, []):
                assert direction.capitalize() in spec["policyTypes"]
                others = set()
                for peer in rule.get(peers, [{}]):
                    others |= chosen(part, peer.get("podSelector", {"matchLabels": {0: 0}})) or {
                        None
                    }
                for one in chosen(part, spec["podSelector"]) or {None}:
                    for other in others:
                        for port in [p["port"] for p in rule.get("ports", [])] or [None]:
                            pair = (other, one) if direction == "ingress" else (one, other)
                            allowed[direction].add((*pair, port))
    return allowed


def test_only_what_must_connect_may():
    allowed = connections("base")
    inside = {("web", "api", 5000), ("api", "database", 5432)}
    assert allowed["ingress"] == inside | {(None, "web", 8080)}
    assert allowed["egress"] == inside | {("web", None, 53), ("api", None, 53)}
    for part in ("base", "ray"):
        deny = resource(part, "NetworkPolicy", "deny-all")["spec"]
        assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_only_drivers_reach_the_ray_cluster():
    nodes = {"ray-head", "ray-worker"}
    allowed = connections("ray")
    among = {(one, other, None) for one in nodes for other in nodes}
    assert allowed["ingress"] == among | {(None, "ray-head", 10001)}
    outside = {(one, None, port) for one in nodes for port in (53, 443)}
    assert allowed["egress"] == among | outside | {(None, "ray-head", 10001)}
    (rule,) = resource("ray", "NetworkPolicy", "drivers-to-head")["spec"]["ingress"]
    assert rule["from"] == [{"podSelector": {"matchLabels": {"inkdigits.dev/ray": "driver"}}}]
    # The example is such a driver, with the image, the token and the hardening of the nodes.
    (job,) = documents("ray/driver.yaml")
    template = job["spec"]["template"]
    (driver,) = template["spec"]["containers"]
    worker = container("ray", "ray-worker")
    assert template["metadata"]["labels"] == {"inkdigits.dev/ray": "driver"}
    (image,) = customization("ray")["images"]
    assert driver["image"] == f"{image['name']}:{image['newTag']}"
    for name in ("env", "envFrom", "securityContext"):
        assert driver[name] == worker[name]
    assert (
        template["spec"]["securityContext"] == pod("ray", "ray-worker")["spec"]["securityContext"]
    )
    # Reached by nobody but a process in the same pod, and only with the token.
    head = container("ray", "ray-head")
    assert "--dashboard-host=127.0.0.1" in head["args"]
    assert "RAY_AUTH_MODE=token" in dockerfile("ray")
    (secret,) = customization("ray")["secretGenerator"]
    for name in nodes:
        (token,) = [e for e in container("ray", name)["env"] if e["name"] == "RAY_AUTH_TOKEN"]
        assert token["valueFrom"] == {"secretKeyRef": {"name": secret["name"], "key": "token"}}
    # A worker node runs as many tasks as it has CPUs.
    assert f"--num-cpus={worker['resources']['limits']['cpu']}" in worker["args"]


def test_autoscaler_follows_a_metric_that_exists():
    autoscaler = resource("overlays/autoscaling", "HorizontalPodAutoscaler", "api")["spec"]
    target = autoscaler["scaleTargetRef"]
    assert target["name"] in labels_of("base")
    assert autoscaler["minReplicas"] == resource("base", "Deployment", "api")["spec"]["replicas"]
    (metric,) = [each["pods"]["metric"]["name"] for each in autoscaler["metrics"]]
    assert f"# TYPE {metric} gauge\n" in Metrics().text([]).decode()
    ((rule,),) = [
        each["rules"]["custom"]
        for each in documents("overlays/autoscaling/prometheus-adapter.yaml")
    ]
    assert rule["seriesQuery"].startswith(f"{metric}{{")
    assert "name" not in rule  # the adapter gives it that of the series
    # `kubectl apply` does not set the number of replicas back.
    (patch,) = documents("overlays/autoscaling/api.yaml")
    assert patch["spec"]["replicas"] is None
    annotations = patch["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(
        container("base", "api")["ports"][0]["containerPort"]
    )
    policy = resource("overlays/autoscaling", "NetworkPolicy", "metrics")["spec"]
    assert chosen("base", policy["podSelector"]) == {"api"}
