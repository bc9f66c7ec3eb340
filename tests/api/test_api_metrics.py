"""What the service counts of itself."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from inkdigits.api.metrics import FILE_BYTES, METHODS, Metrics
from inkdigits.api.server import rejections
from inkdigits.recognizer import Recognizer

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
SEVEN = (Path(__file__).parents[1] / "golden" / "7.png").read_bytes()
REQUESTS = "inkdigits_requests_total"


@pytest.fixture
def counted():
    return Metrics()


def test_a_request_is_counted_by_its_route_method_and_status(counted):
    counted.observe({"inkdigits.route": "/predict"}, "POST", 200, 0.003)
    counted.observe({"inkdigits.route": "/predict"}, "POST", 400, 0.003)
    labels = {"route": "/predict", "method": "POST"}
    assert counted.value(REQUESTS, **labels, status="200") == 1
    assert counted.value(REQUESTS, **labels, status="400") == 1
    assert counted.value(REQUESTS, **labels, status="404") == 0


@pytest.mark.parametrize(("le", "count"), [("0.0025", 0), ("0.005", 1), ("+Inf", 1)])
def test_its_duration_goes_into_a_histogram(counted, le, count):
    counted.observe({"inkdigits.route": "/metrics"}, "GET", 200, 0.003)
    name = "inkdigits_request_duration_seconds_bucket"
    assert counted.value(name, route="/metrics", le=le) == count


def test_nobody_can_make_up_labels(counted):
    counted.observe({}, "BREW", 404, 0.003)
    assert counted.value(REQUESTS, route="none", method="other", status="404") == 1


def test_predictions_are_counted_by_digit_or_by_why_there_is_none(counted):
    recognizer = Recognizer.load()
    seven = recognizer.recognize(SEVEN)
    blank = recognizer.recognize_ink(0 * seven.seen)
    recognized = [("mine", seven), ("mine", seven), ("mine", blank)]
    counted.observe({"inkdigits.predictions": recognized}, "POST", 200, 0.003)
    name = "inkdigits_predictions_total"
    assert counted.value(name, model="mine", digit="7") == 2
    assert counted.value(name, model="mine", digit="blank") == 1


def test_the_models_in_service_are_shown_by_their_digest(counted):
    text = counted.text([("mine", "abc")]).decode()
    assert 'inkdigits_model_info{digest="abc",model="mine"} 1.0' in text


def in_a_process(code, folder):
    """Run Python with the metrics of a folder, in a process of its own: it maps the files."""
    setup = (
        f"from pathlib import Path; from inkdigits.api import metrics; f = Path({str(folder)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{setup}\n{code}"], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


def test_a_worker_goes_on_counting_where_the_one_that_died_in_its_place_stopped(tmp_path):
    once = "metrics.Metrics(0).observe({}, 'GET', 200, .1)"
    in_a_process(f"metrics.prepare(f, 2); {once}", tmp_path)
    shown = in_a_process(
        "import os; os.environ[metrics.FOLDER] = str(f); here = metrics.Metrics(0); "
        "[here.observe({}, 'GET', 200, .1) for _ in range(2)]; print(here.text([]).decode())",
        tmp_path,
    )
    assert f'{REQUESTS}{{method="GET",route="none",status="200"}} 3.0' in shown


def test_the_files_never_grow_for_all_labels_there_can_be_fit_in(tmp_path, client):
    routes = [rule.rule for rule in client.application.url_map.iter_rules()] + ["none"]
    statuses = [200, 206, 304, 308, *range(400, 432), 500, 501, 503, 505]
    code = (
        "metrics.prepare(f, 1); here = metrics.Metrics(0)\n"
        f"for route in {routes}:\n"
        f"  for method in {[*METHODS, 'other']}:\n"
        f"    for status in {statuses}:\n"
        "      here.observe({'inkdigits.route': route}, method, status, .1)\n"
    )
    in_a_process(code, tmp_path)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    # On the disk from the start, with no holes that a full disk could not fill.
    assert all(path.stat().st_blocks * 512 >= path.stat().st_size for path in tmp_path.iterdir())
    assert sizes == {f"{kind}_0.db": size for kind, size in FILE_BYTES.items()}


def test_every_metric_is_documented(counted):
    document = DOCUMENT.read_text()
    text = counted.text([("mine", "abc")]).decode()
    names = set(re.findall(r"^# TYPE (inkdigits_\w+) ", text, re.MULTILINE))
    assert len(names) > 4
    for name in names:
        if not name.endswith("_created"):
            assert f"| `{name}` |" in document


def test_every_reason_of_a_rejection_is_documented():
    folder = Path(rejections.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    reasons = set(re.findall(r'busy\("([a-z_]+)"\)', source))
    reasons |= set(re.findall(r'HTTPStatus\.\w+,\s+f?"([a-z_]+)",', source)) - {"slow_"}
    reasons |= {rejections.too_slow(part).reason for part in ("headers", "body")}
    assert len(reasons) >= 11
    for reason in reasons:
        assert f"`{reason}`" in DOCUMENT.read_text()
