"""What the service says of itself and of its models."""

import pytest
from requests_to import MODELS, assert_problem

from inkdigits.api import schemas
from inkdigits.version import __version__


def test_the_root_says_what_answers_and_how_to_use_it(client, recognizer):
    answer = client.get("/")
    assert answer.content_type == "application/json"
    assert answer.json["name"] == "inkdigits"
    assert answer.json["version"] == __version__
    assert answer.json["model"] == {"name": recognizer.name, "digest": recognizer.digest}
    assert "image" in answer.json["use"]["POST /predict"]["send"]
    for route in answer.json["more"]:
        method, path = route.split()
        assert client.open(path, method=method).status_code == 200


def test_all_models_are_listed_the_default_first(client):
    answer = client.get("/api/v1/models")
    assert answer.json["default"] == MODELS[0]
    assert [model["name"] for model in answer.json["models"]] == list(MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_says_what_it_is_and_where_it_comes_from(client, shelf, name):
    answer = client.get(f"/api/v1/models/{name}")
    model = schemas.Model.model_validate_json(answer.data)
    of_file = shelf.get(name).model
    assert (model.name, model.recipe, model.digest) == (name, of_file.recipe, of_file.digest)
    assert model.preprocessing == ("classic" if name == "classic" else "ink")
    assert model.refuses == (name != "classic")
    assert model.parameters * 4 == model.size_bytes == of_file.vector.nbytes
    assert model.metrics == of_file.metrics
    assert model.training == of_file.training
    assert model.summary.endswith(".")
    assert answer.json in client.get("/api/v1/models").json["models"]


@pytest.mark.parametrize("name", ["gpt", "cnn-small.safetensors", "CNN-SMALL", "..", "x" * 4000])
def test_an_unknown_model_is_404(client, name):
    assert_problem(client.get(f"/api/v1/models/{name}"), 404)


@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/models/mlp"])
def test_a_query_is_422_where_there_is_none(client, path):
    assert "unknown" in assert_problem(client.get(f"{path}?page=1"), 422)
