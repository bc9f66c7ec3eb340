"""Runs of the lab, started, followed and served by the real server."""

import http.client
import json
import os
import shutil
import signal
from urllib.parse import urlsplit

import numpy as np
import pytest
from serving import SEVEN, address_in, request, serving, until, workers_of

LAB = "/api/v1/lab"
RUNS = f"{LAB}/runs"


@pytest.fixture(scope="module")
def folder(tmp_path_factory, packaged_splits):
    """A folder for runs, and one with 300 real digits to train on."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "own").mkdir()
    digits = packaged_splits[0].take(slice(300))
    np.savez(folder / "own" / "few.npz", images=digits.images, labels=digits.labels)
    return folder


def settings_of(folder, **more):
    return {"lab_folder": folder / "runs", "lab_own_data": folder / "own", "workers": 2} | more


class Client:
    """Sends requests with the token of a server."""

    def __init__(self, address):
        self.address = address
        self.token = request(address, "GET", LAB)[2]["token"]
        self.headers = {"Authorization": f"Bearer {self.token}"}

    def ask(self, method, path, body=None, headers=None):
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body)
        return request(self.address, method, path, sent, self.headers | (headers or {}))

    def start(self, **options):
        options = {"recipe": "mlp", "hidden": [16], "data": "few.npz"} | options
        status, headers, run = self.ask("POST", RUNS, options)
        assert status == 201, run
        assert headers["Location"] == f"{RUNS}/{run['name']}"
        return run

    def follow(self, name, seen, is_enough):
        """Collect events after those that were seen, until one is enough or the stream ends.

        seen     a list of (id, event) that is extended
        returns  whether the server has said that there are no more events
        """
        connection = http.client.HTTPConnection(urlsplit(self.address).netloc, timeout=60)
        place = {"Last-Event-ID": str(seen[-1][0])} if seen else {}
        try:
            connection.request("GET", f"{RUNS}/{name}/events", headers=self.headers | place)
            response = connection.getresponse()
            assert response.headers["Content-Type"] == "text/event-stream", response.read()
            number = None
            for line in response:
                if line.startswith(b"id: "):
                    number = int(line[4:])
                elif line.startswith(b"event: end"):
                    return True
                elif line.startswith(b"data: "):
                    event = json.loads(line[6:])
                    seen.append((number, event))
                    if is_enough(event):
                        return False
            return False
        finally:
            connection.close()


@pytest.fixture(scope="module")
def stopped_run(folder):
    """Train a run while its server is killed and another one started, then stop it.

    yields  a client of the second server, the name of the run, the events that were seen, and what
            the first server has logged
    """
    seen = []

    def is_epoch(event):
        return event["type"] == "epoch"

    with serving(settings=settings_of(folder, log_level="debug", workers=1)) as (process, printed):
        client = Client(address_in(printed))
        name = client.start(epochs=5000)["name"]
        assert not client.follow(name, seen, is_epoch)
        killed = workers_of(process)
        for worker in killed:
            os.kill(worker, signal.SIGKILL)
        until(lambda: set(workers_of(process)) - set(killed))
        # The new worker has the same token.
        assert not client.follow(name, seen, is_epoch)
        process.kill()
        logged = printed + "".join(process.communicate(timeout=30))
    with serving(settings=settings_of(folder)) as (process, printed):
        new_client = Client(address_in(printed))
        assert new_client.token != client.token
        assert new_client.ask("GET", RUNS, headers=client.headers)[0] == 401
        assert not new_client.follow(name, seen, is_epoch)
        assert new_client.ask("POST", f"{RUNS}/{name}/commands", {"command": "stop"})[0] == 202
        assert new_client.follow(name, seen, lambda event: False)
        yield new_client, name, seen, client.token not in logged and LAB in logged


def test_events_are_complete_although_workers_and_the_server_were_killed(folder, stopped_run):
    client, name, seen, _ = stopped_run
    ids = [number for number, _ in seen]
    assert ids == sorted(set(ids))
    received = [event for _, event in seen if event["type"] != "picture"]
    lines = (folder / "runs" / name / "events.jsonl").read_bytes().splitlines()
    written = [json.loads(line) for line in lines if line]
    assert received == [event for event in written if event["type"] != "picture"]
    assert [event["state"] for event in received if event["type"] == "state"][-1] == "stopped"
    epochs = [event["epoch"] for event in received if event["type"] == "epoch"]
    assert epochs == list(range(1, len(epochs) + 1))
    assert len(epochs) >= 3
    # From the first event again, and from the last one: the same, and nothing.
    again, rest = [], seen[-1:]
    assert client.follow(name, again, lambda event: False)
    assert [event for _, event in again if event["type"] != "picture"] == received
    assert client.follow(name, rest, lambda event: False)
    assert len(rest) == 1


def test_token_is_in_no_log(stopped_run):
    assert stopped_run[3]


def test_run_is_described(stopped_run):
    client, name, _, _ = stopped_run
    (run,) = client.ask("GET", RUNS)[2]["runs"]
    assert (run["name"], run["state"], run["recipe"]) == (name, "stopped", "mlp")
    detail = client.ask("GET", f"{RUNS}/{name}")[2]
    assert detail.items() >= run.items()
    assert detail["options"]["hidden"] == [16]
    assert [record["epoch"] for record in detail["records"]] == list(range(1, run["epoch"] + 1))
    assert 0 < len(detail["curve"]) <= 1000
    assert detail["checkpoints"]
    assert detail["picture"]["weights"]["values"]
    confusion = client.ask("GET", f"{RUNS}/{name}/confusion")[2]
    images = sum(map(sum, confusion["counts"]))
    assert images == 30  # a tenth of the images
    mistakes = client.ask("GET", f"{RUNS}/{name}/mistakes")[2]["digits"]
    assert len(mistakes) == images - sum(row[i] for i, row in enumerate(confusion["counts"]))
    for actual, row in zip(confusion["classes"], confusion["counts"], strict=True):
        query = f"?actual={actual}&predicted=1"
        cell = client.ask("GET", f"{RUNS}/{name}/digits{query}")[2]["digits"]
        assert len(cell) == row[1]
        assert all(digit["picture"].startswith("data:image/png;base64,") for digit in cell)
    status, headers, record = client.ask("GET", f"{RUNS}/{name}/record")
    assert status == 200
    assert headers["Content-Disposition"] == f'attachment; filename="{name}.json"'
    assert record["name"] == name


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("?actual=7", 422),
        ("?actual=7&predicted=x", 422),
        ("?actual=1&predicted=1&c=1", 422),
    ],
)
def test_digits_need_two_classes(stopped_run, query, status):
    client, name, _, _ = stopped_run
    assert client.ask("GET", f"{RUNS}/{name}/digits{query}")[0] == status


@pytest.mark.parametrize("place", ["x", "-1", "1.5", "9" * 30, ""])
def test_places_that_are_no_numbers_are_refused(stopped_run, place):
    client, name, _, _ = stopped_run
    assert client.ask("GET", f"{RUNS}/{name}/events?after={place}")[0] == 422
    assert client.ask("GET", f"{RUNS}/{name}/events", headers={"Last-Event-ID": place})[0] == 422


@pytest.mark.parametrize(
    "command",
    [
        {},
        {"command": "rm"},
        {"command": "pause"},
        {"command": "learning_rate"},
        {"command": "learning_rate", "value": -1},
        {"command": "rewind", "value": 1e300},
        {"command": "epochs", "value": 1.5},
    ],
    ids=str,
)
def test_commands_that_make_no_sense_are_refused(stopped_run, command):
    client, name, _, _ = stopped_run
    status, _, problem = client.ask("POST", f"{RUNS}/{name}/commands", command)
    assert status in (409, 422)
    assert problem["detail"].endswith(".")


def test_drawing_of_any_kind_is_watched(stopped_run):
    client, name, _, _ = stopped_run
    path = f"{RUNS}/{name}/drawing"
    strokes = {"strokes": [{"points": [[0, 0], [10, 0], [4, 20]]}]}
    assert client.ask("PUT", path, strokes)[0] == 204
    assert client.ask("PUT", path, SEVEN, {"Content-Type": "image/png"})[0] == 204
    pixels = np.zeros((28, 28))
    pixels[4:24, 14] = 255
    assert client.ask("PUT", path, {"pixels": pixels.tolist()})[0] == 204
    assert client.ask("PUT", path, b"GIF89a", {"Content-Type": "image/gif"})[0] == 400
    assert client.ask("PUT", path, {"strokes": []})[0] == 422
    assert client.ask("DELETE", path)[0] == 204


def test_run_is_served_by_all_workers_at_once_until_it_is_deleted(folder, stopped_run):
    client, original, _, _ = stopped_run
    name = "copied.run"
    shutil.copytree(folder / "runs" / original, folder / "runs" / name)

    def served():
        """Ask on new connections, so any worker; the token is the same in all."""
        models = request(client.address, "GET", "/api/v1/models")[2]["models"]
        runs = client.ask("GET", RUNS)[2]["runs"]
        is_served = name in [run["name"] for run in runs if run["is_served"]]
        assert is_served == (name in [model["name"] for model in models])
        return is_served

    def predicts():
        headers = {"Content-Type": "image/png"}
        path = f"/api/v1/predictions?model={name}"
        return request(client.address, "POST", path, SEVEN, headers)[0] == 200

    assert not served()
    assert client.ask("POST", f"{RUNS}/{name}/serve", {})[2]["is_served"]
    assert all(served() and predicts() for _ in range(10))
    assert client.ask("DELETE", f"{RUNS}/{name}/serve")[0] == 204
    assert not any(served() or predicts() for _ in range(10))
    client.ask("POST", f"{RUNS}/{name}/serve", {})
    assert client.ask("DELETE", f"{RUNS}/{name}")[0] == 204
    assert not any(predicts() for _ in range(10))
    assert not (folder / "runs" / name).exists()
    assert client.ask("GET", f"{RUNS}/{name}/events")[0] == 404
    assert client.ask("DELETE", f"{RUNS}/{name}")[0] == 404


def test_model_of_the_server_is_not_replaced_by_a_run_of_its_name(folder, stopped_run):
    client, original, _, _ = stopped_run
    shutil.copytree(folder / "runs" / original, folder / "runs" / "cnn-small")
    status, _, problem = client.ask("POST", f"{RUNS}/cnn-small/serve", {})
    shutil.rmtree(folder / "runs" / "cnn-small")
    assert status == 409
    assert "another model of this name" in problem["detail"]
