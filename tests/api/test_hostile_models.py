"""Hostile model files, at startup and as replacements in a running service."""

import json
import os
import select
import shutil

import numpy as np
import pytest
from forged import deep, forge_model
from requests_to import BATCH, BLANK, ONE, PREDICT, assert_problem, base64_of, post
from serving import address_in, predict, request, serving, until
from untrained import untrained

from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.model_file import save_model, shipped_models
from inkdigits.recipes import RECIPES
from inkdigits.recognizer import Prediction, Recognizer
from inkdigits.storage.files import FileError


def overflowing(path, model, weight):
    vector = np.full_like(model.vector, weight)
    forge_model(path, model, RECIPES[model.recipe].network.inference_network.unflatten(vector))


HOSTILE = {  # how to write the file, and why it is rejected
    "weights of 1e20": (lambda path, model: overflowing(path, model, 1e20), "overflow float32"),
    "weights of -3e38": (lambda path, model: overflowing(path, model, -3e38), "overflow float32"),
    "a lone surrogate": (
        lambda path, model: forge_model(path, model, training={"note": "\ud800"}),
        "malformed",
    ),
    "nested 480 deep": (
        lambda path, model: forge_model(path, model, metrics={"note": deep(480)}),
        "malformed",
    ),
    "4,000 digits": (
        lambda path, model: forge_model(path, model, metrics={"n": int("9" * 4000)}),
        "malformed",
    ),
    "a temperature near zero": (
        lambda path, model: forge_model(
            path, model, calibration={"temperature": 1e-300, "rejection_threshold": 0.5}
        ),
        "temperature",
    ),
}


def test_hostile_file_does_not_replace_a_model_in_service(tmp_path):
    path = tmp_path / "mine.safetensors"
    shutil.copy(shipped_models()["mlp"], path)
    settings = {"reload_s": 0.1, "log_level": "error"}
    with serving("--model", path, settings=settings) as (process, printed):
        address = address_in(printed)

        def state():
            status, _, prediction = predict(address)
            readiness, _, _ = request(address, "GET", "/readyz")
            listing, _, models = request(address, "GET", "/api/v1/models")
            assert (status, readiness, listing) == (200, 200, 200)
            return prediction, models["models"][0]["digest"]

        before = state()
        assert np.isfinite(before[0]["probabilities"]).all()
        for kind, (write, cause) in HOSTILE.items():
            write(tmp_path / "new", untrained())
            os.replace(tmp_path / "new", path)
            assert select.select([process.stdout], [], [], 60)[0], f"{kind} is not logged"
            line = json.loads(process.stdout.readline())
            assert (line["event"], line["model"]) == ("model_rejected", "mine"), kind
            assert str(path) in line["reason"]
            assert cause in line["reason"]
            assert state() == before, kind
        saved = save_model(tmp_path / "new", untrained())
        os.replace(tmp_path / "new", path)
        until(lambda: state()[1] == saved.digest)


@pytest.mark.parametrize(("write", "cause"), HOSTILE.values(), ids=HOSTILE)
def test_registry_rejects_a_hostile_file(tmp_path, write, cause):
    path = tmp_path / "mine.safetensors"
    write(path, untrained())
    with pytest.raises(FileError, match=rf"mine\.safetensors.* {cause}"):
        ModelRegistry([str(path)])


def test_model_name_must_be_utf_8(tmp_path):
    path = tmp_path / os.fsdecode(b"\xff.safetensors")
    shutil.copy(shipped_models()["mlp"], path)
    with pytest.raises(FileError, match="is not valid UTF-8; rename the file"):
        ModelRegistry([str(path)])


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_nan_or_infinity_in_a_prediction_returns_500(tmp_path, monkeypatch, png, number):
    """A second line of defense: no model that loads should predict NaN or infinity."""

    def broken(*_):
        return Prediction(7, "7", None, (number,) * 10, number, np.zeros((28, 28), np.uint8))

    monkeypatch.setattr(Recognizer, "recognize", broken)
    monkeypatch.setattr(Recognizer, "recognize_ink", broken)
    client = create_app(ModelRegistry(["mlp"]), Settings()).test_client()
    image = {"image": base64_of(png)}
    for path, fields in ((PREDICT, image), (ONE, image), (BATCH, {"drawings": [image, BLANK]})):
        assert_problem(post(client, path, json.dumps(fields)), 500)


def test_valid_metadata_is_returned(tmp_path):
    """Whatever metadata `load_model` accepts can be returned as JSON."""
    path = tmp_path / "mine.safetensors"
    metrics = {"note": deep(12), "n": [2**128 - 1, -(2**128) + 1, 1e308, 5e-324], "\x00\x1b": "é\n"}
    save_model(path, untrained(metrics=metrics))
    client = create_app(ModelRegistry([str(path)]), Settings()).test_client()
    for address in ("/api/v1/models", "/api/v1/models/mine"):
        response = client.get(address)
        assert response.status_code == 200
        shown = json.loads(response.data)
        assert shown.get("models", [shown])[0]["metrics"] == metrics
