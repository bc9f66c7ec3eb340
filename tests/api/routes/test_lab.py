"""The routes of the lab, with a lab whose processes are not started."""

import json
from typing import get_args

import numpy as np
import pytest

from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.api.lab_access import LabAccess
from inkdigits.api.lab_schemas import LabCommand
from inkdigits.api.served_runs import ServedRuns
from inkdigits.lab import Lab
from inkdigits.lab.commands import COMMANDS

RUNS = "/api/v1/lab/runs"


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "own").mkdir()
    images = np.zeros((200, 28, 28), np.uint8)
    np.savez(tmp_path / "own" / "own.npz", x=images, y=np.arange(200) % 10)
    return Settings(lab_folder=tmp_path / "runs", lab_own_data=tmp_path / "own")


@pytest.fixture
def ask(settings, monkeypatch):
    """Send a request with a JSON body; return the status and the JSON of the response."""
    monkeypatch.setattr(Lab, "_spawn", lambda lab, folder: None)
    monkeypatch.setattr(Lab, "_check_disk", lambda lab: settings.lab_folder.mkdir(exist_ok=True))
    access = LabAccess.of(settings)
    app = create_app(ModelRegistry(["classic"]), settings, lab_access=access)
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {access.token}"

    def ask(method, path, body=None):
        response = client.open(path, method=method, json=body)
        return response.status_code, json.loads(response.data or "null")

    return ask


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"seed": "x"}, "seed"),
        ({"hidden": [8, 0.5]}, "hidden"),
        ({"hidden": [8] * 9}, "hidden"),
        ({"learning_rate": 11}, "learning_rate"),
        ({"colour": 1}, "colour"),
        # What only the lab knows.
        ({"recipe": "cnn-small", "hidden": [8]}, "hidden"),
        ({"recipe": "classic", "early_stopping": 3}, "early_stopping"),
        ({"activation": "tanh"}, "activation"),
        ({"data": "missing"}, "data"),
        ({"name": ".."}, "name"),
    ],
    ids=str,
)
def test_wrong_option_is_named(ask, options, field):
    status, problem = ask("POST", RUNS, {"data": "own.npz"} | options)
    assert (status, problem["field"]) == (422, field)
    assert problem["request_id"]


def test_what_is_about_no_option_names_none(ask):
    assert ask("GET", f"{RUNS}?a=1")[1]["field"] is None
    status, problem = ask("GET", f"{RUNS}/missing")
    assert status == 404
    assert "field" not in problem


def test_new_run_does_not_inherit_that_one_of_its_name_was_served(ask, settings):
    """Whose folder was deleted by hand."""
    ServedRuns(settings.lab_folder).add("mine", "mlp-custom.safetensors")
    status, run = ask("POST", RUNS, {"data": "own.npz", "name": "mine"})
    assert (status, run["name"], run["is_served"]) == (201, "mine", False)
    assert not list((settings.lab_folder / ".served").iterdir())


def test_schema_has_every_command_of_a_run():
    # A server without the lab loads none of its code, so the schema has a list of its own.
    assert get_args(LabCommand.model_fields["command"].annotation) == COMMANDS
