"""Descriptions of the models being served."""

import numpy as np
import pytest
from requests_to import MODELS, assert_problem
from serving import SEVEN, address_in, request, serving

from inkdigits import Recognizer
from inkdigits.api import schemas
from inkdigits.model_file import Model, save_model
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network


def test_models_are_listed_with_the_default_first(client):
    response = client.get("/api/v1/models")
    assert response.json["default"] == MODELS[0]
    assert [model["name"] for model in response.json["models"]] == list(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_model_is_described(client, registry, name):
    response = client.get(f"/api/v1/models/{name}")
    model = schemas.Model.model_validate_json(response.data)
    expected = registry.get(name).describe()
    assert (model.name, model.recipe, model.digest) == (name, expected.recipe, expected.digest)
    assert model.preprocessing == schemas.Preprocessing(
        name="classic" if name == "classic" else "ink", revision=expected.preprocessing_revision
    )
    assert model.rejects_non_digits == (name != "classic")
    assert model.test_time_augmentation == expected.test_time_augmentation
    assert model.parameters * 4 == model.size_bytes == expected.size_bytes
    assert model.metrics == expected.metrics
    assert model.training == expected.training
    assert model.summary.endswith(".")
    assert response.json in client.get("/api/v1/models").json["models"]


def test_layers_have_shapes_parameters_and_options(client):
    model = client.get("/api/v1/models/cnn-small").json
    assert model["input_shape"] == [28, 28]
    assert model["class_names"] == [*map(str, range(10)), "non-digit"]
    assert {
        "type": "Conv2D",
        "output_shape": [26, 26, 20],
        "parameters": 200,
        "options": {"channels": 1, "filters": 20, "kernel_size": 3},
    } in model["layers"]
    assert model["layers"][-1]["output_shape"] == [11]
    assert sum(layer["parameters"] for layer in model["layers"]) == model["parameters"]


@pytest.mark.parametrize("name", ["gpt", "cnn-small.safetensors", "CNN-SMALL", "..", "x" * 4000])
def test_unknown_model_returns_404(client, name):
    assert_problem(client.get(f"/api/v1/models/{name}"), 404)


@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/models/mlp"])
def test_unexpected_query_returns_422(client, path):
    assert "unknown" in assert_problem(client.get(f"{path}?page=1"), 422)


def test_network_without_a_recipe_is_served(tmp_path):
    network = Network((Flatten(), Dense(784, 50), ReLU(), Dense(50, 10)))
    vector = network.init(np.random.default_rng(0))
    path = tmp_path / "mine.safetensors"
    save_model(path, Model(network, vector, preprocessing="ink", tta=False, recipe="of my own"))
    with serving("--model", path) as (_, printed):
        address = address_in(printed)
        status, _, described = request(address, "GET", "/api/v1/models/mine")
        assert (status, described["recipe"]) == (200, "of my own")
        assert [layer["type"] for layer in described["layers"]] == [
            "Flatten", "Dense", "ReLU", "Dense"
        ]  # fmt: skip
        assert [layer["output_shape"] for layer in described["layers"]] == [[784], [50], [50], [10]]
        headers = {"Content-Type": "image/png"}
        status, _, prediction = request(address, "POST", "/api/v1/predictions", SEVEN, headers)
    expected = Recognizer.load(path).recognize(SEVEN)
    assert status == 200
    assert prediction["digit"] == expected.digit
    assert prediction["probabilities"] == pytest.approx(expected.probabilities, abs=1e-12)
