"""The metrics of the service."""

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
def metrics():
    return Metrics()


def test_requests_are_counted_by_route_method_and_status(metrics):
    metrics.observe_request({"inkdigits.route": "/predict"}, "POST", 200, 0.003)
    metrics.observe_request({"inkdigits.route": "/predict"}, "POST", 400, 0.003)
    labels = {"route": "/predict", "method": "POST"}
    assert metrics.value(REQUESTS, **labels, status="200") == 1
    assert metrics.value(REQUESTS, **labels, status="400") == 1
    assert metrics.value(REQUESTS, **labels, status="404") == 0


@pytest.mark.parametrize(("le", "count"), [("0.0025", 0), ("0.005", 1), ("+Inf", 1)])
def test_durations_are_in_a_histogram(metrics, le, count):
    metrics.observe_request({"inkdigits.route": "/metrics"}, "GET", 200, 0.003)
    name = "inkdigits_request_duration_seconds_bucket"
    assert metrics.value(name, route="/metrics", le=le) == count


def test_unknown_methods_share_one_label(metrics):
    metrics.observe_request({}, "BREW", 404, 0.003)
    assert metrics.value(REQUESTS, route="none", method="other", status="404") == 1


def test_predictions_are_counted_by_digit_or_reason(metrics):
    recognizer = Recognizer.load()
    seven = recognizer.recognize(SEVEN)
    blank = recognizer.recognize_ink(0 * seven.seen)
    recognized = [("mine", seven), ("mine", seven), ("mine", blank)]
    metrics.observe_request({"inkdigits.predictions": recognized}, "POST", 200, 0.003)
    name = "inkdigits_predictions_total"
    assert metrics.value(name, model="mine", digit="7") == 2
    assert metrics.value(name, model="mine", digit="blank") == 1


def test_numbers_are_counted_by_outcome(metrics):
    found = [("mine", "recognized"), ("mine", "recognized"), ("mine", "not_a_number")]
    metrics.observe_request({"inkdigits.numbers": found}, "POST", 200, 0.003)
    name = "inkdigits_numbers_total"
    assert metrics.value(name, model="mine", outcome="recognized") == 2
    assert metrics.value(name, model="mine", outcome="not_a_number") == 1


def test_explanations_are_counted_by_model(metrics):
    metrics.observe_request({"inkdigits.explanations": ["mine"]}, "POST", 200, 0.003)
    assert metrics.value("inkdigits_explanations_total", model="mine") == 1


def test_model_info_has_the_digest(metrics):
    text = metrics.text([("mine", "abc")]).decode()
    assert 'inkdigits_model_info{digest="abc",model="mine"} 1.0' in text


def in_a_process(code, folder):
    """Run Python on the metrics of a folder, in a process of its own, because it maps the files."""
    setup = (
        f"from pathlib import Path; from inkdigits.api import metrics; f = Path({str(folder)!r})"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{setup}\n{code}"], capture_output=True, text=True, timeout=60
    )
    assert done.stderr == ""
    return done.stdout


def test_replacement_worker_continues_the_counts(tmp_path):
    once = "metrics.Metrics(0).observe_request({}, 'GET', 200, .1)"
    in_a_process(f"metrics.create_files(f, 2); {once}", tmp_path)
    shown = in_a_process(
        "import os; os.environ[metrics.FOLDER_VARIABLE] = str(f); m = metrics.Metrics(0); "
        "[m.observe_request({}, 'GET', 200, .1) for _ in range(2)]; print(m.text([]).decode())",
        tmp_path,
    )
    assert f'{REQUESTS}{{method="GET",route="none",status="200"}} 3.0' in shown


DEPTH = 'inkdigits_queue_depth{queue="predictions"}'


def test_queue_depth_is_summed_over_workers_and_forgotten_with_a_worker_that_died(tmp_path):
    setup = f"import os; os.environ[metrics.FOLDER_VARIABLE] = {str(tmp_path)!r}; "
    show = "print(metrics.Metrics(2).text([]).decode())"
    busy = "metrics.Metrics({}).queue_depth.labels('predictions').inc({})"
    in_a_process(f"metrics.create_files(f, 3); {busy.format(0, 4)}", tmp_path)
    in_a_process(setup + busy.format(1, 3), tmp_path)
    assert f"{DEPTH} 7.0\n" in in_a_process(setup + show, tmp_path)
    size = (tmp_path / "gauge_sum_1.db").stat().st_size
    in_a_process("metrics.forget_gauges(f, 1)", tmp_path)
    assert f"{DEPTH} 4.0\n" in in_a_process(setup + show, tmp_path)
    assert (tmp_path / "gauge_sum_1.db").stat().st_size == size
    # A replacement begins with nothing, even if nobody has reset what its predecessor left.
    in_a_process(setup + "metrics.Metrics(0)", tmp_path)
    assert f"{DEPTH} 0.0\n" in in_a_process(setup + show, tmp_path)


def test_metrics_files_have_room_for_all_labels(tmp_path, client):
    routes = [rule.rule for rule in client.application.url_map.iter_rules()] + ["none"]
    statuses = [200, 206, 304, 308, *range(400, 432), 500, 501, 503, 505]
    code = (
        "metrics.create_files(f, 1); here = metrics.Metrics(0)\n"
        f"for route in {routes}:\n"
        f"  for method in {[*METHODS, 'other']}:\n"
        f"    for status in {statuses}:\n"
        "      here.observe_request({'inkdigits.route': route}, method, status, .1)\n"
    )
    in_a_process(code, tmp_path)
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    # The files are allocated in full from the start, so a full disk cannot break them later.
    assert all(path.stat().st_blocks * 512 >= path.stat().st_size for path in tmp_path.iterdir())
    assert sizes == {f"{kind}_0.db": size for kind, size in FILE_BYTES.items()}


def test_every_metric_is_documented(metrics):
    document = DOCUMENT.read_text()
    text = metrics.text([("mine", "abc")]).decode()
    names = set(re.findall(r"^# TYPE (inkdigits_\w+) ", text, re.MULTILINE))
    assert len(names) > 4
    for name in names:
        if not name.endswith("_created"):
            assert f"| `{name}` |" in document


def test_every_rejection_reason_is_documented():
    folder = Path(rejections.__file__).parent
    source = "".join(path.read_text() for path in folder.glob("*.py"))
    reasons = set(re.findall(r'overloaded\("([a-z_]+)"\)', source))
    reasons |= set(re.findall(r'HTTPStatus\.\w+,\s+"([a-z_]+)",', source))
    reasons |= {rejections.timed_out(part).reason for part in ("header", "body")}
    assert len(reasons) >= 11
    for reason in reasons:
        assert f"`{reason}`" in DOCUMENT.read_text()
