"""What the service counts of itself."""

import re
from pathlib import Path

import pytest

from inkdigits.api import metrics
from inkdigits.recognizer import Recognizer

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
SEVEN = (Path(__file__).parents[1] / "golden" / "7.png").read_bytes()


def value(name, **labels):
    """A sample's value; 0 if there is none yet."""
    return metrics.REGISTRY.get_sample_value(name, labels) or 0


def difference(environ, method, status, name, /, **labels):
    before = value(name, **labels)
    metrics.observe(environ, method, status, 0.003)
    return value(name, **labels) - before


def test_a_request_is_counted_by_its_route_method_and_status():
    labels = {"route": "/predict", "method": "POST", "status": "200"}
    environ = {"inkdigits.route": "/predict"}
    assert difference(environ, "POST", 200, "inkdigits_requests_total", **labels) == 1
    assert difference(environ, "POST", 400, "inkdigits_requests_total", **labels) == 0


@pytest.mark.parametrize(("le", "counted"), [("0.0025", 0), ("0.005", 1), ("+Inf", 1)])
def test_its_duration_goes_into_a_histogram(le, counted):
    name = "inkdigits_request_duration_seconds_bucket"
    environ = {"inkdigits.route": "/metrics"}
    assert difference(environ, "GET", 200, name, route="/metrics", le=le) == counted


def test_nobody_can_make_up_labels():
    labels = {"route": "none", "method": "other", "status": "404"}
    assert difference({}, "BREW", 404, "inkdigits_requests_total", **labels) == 1


def test_predictions_are_counted_by_digit_or_by_why_there_is_none():
    recognizer = Recognizer.load()
    seven = recognizer.recognize(SEVEN)
    environ = {"inkdigits.predictions": [("mine", seven), ("mine", seven)]}
    name = "inkdigits_predictions_total"
    assert difference(environ, "POST", 200, name, model="mine", digit="7") == 2
    blank = recognizer.recognize_ink(0 * seven.seen)
    environ = {"inkdigits.predictions": [("mine", blank)]}
    assert difference(environ, "POST", 200, name, model="mine", digit="blank") == 1


def test_every_metric_is_documented():
    document = DOCUMENT.read_text()
    names = set(re.findall(r"^# TYPE (inkdigits_\w+) ", metrics.text().decode(), re.MULTILINE))
    assert len(names) > 4
    for name in names:
        if not name.endswith("_created"):
            assert f"| `{name}` |" in document


def test_every_reason_of_a_rejection_is_documented():
    source = Path(metrics.__file__).with_name("gate.py").read_text()
    reasons = re.findall(r'\n +"([a-z_]+)",\n +f?"The (?:body|service)', source)
    reasons += re.findall(r'REJECTIONS\.labels\("([a-z_]+)"\)', source)
    reasons += re.findall(r'_busy\("([a-z_]+)"\)', source)
    assert len(set(reasons)) >= 6
    for reason in reasons:
        assert f"`{reason}`" in DOCUMENT.read_text()
