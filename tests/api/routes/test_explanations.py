"""Responses of the route that explains predictions, and what it rejects."""

import base64
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from requests_to import BLANK, EXPLANATION, ONE, assert_problem, base64_of, post

from inkdigits.api import Settings, create_app, examples
from inkdigits.api.explanation_schemas import Explanation, ExplanationOptions
from inkdigits.explain import PARTS, Unit, explain, limits
from inkdigits.explain.as_json import explanation_json
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network

SEVEN = {"strokes": examples.STROKES}
ALL = {"parts": [*PARTS], "unit": {"layer": 1, "index": [5, 12, 3]}}


def picture_of(data_url):
    head, _, data = data_url.partition(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(BytesIO(base64.b64decode(data))))


def test_every_part_of_the_explanation_is_in_the_response(client, recognizer, png):
    response = client.post(EXPLANATION, json={"image": base64_of(png), **ALL})
    assert (response.status_code, response.content_type) == (200, "application/json")
    content, expected = response.json, explain(png, recognizer, unit=Unit(1, (5, 12, 3)))
    # As the command line and programs have it.
    assert content.pop("duration_ms") > 0
    assert content.pop("profile") is None
    assert content == explanation_json(expected)
    assert all(content[part] for part in (*PARTS, "unit"))
    # As the network saw it, and as the route for predictions answers.
    np.testing.assert_array_equal(
        picture_of(content["steps"][-1]["picture"]), expected.prediction.seen
    )
    prediction = client.post(ONE, json={"image": base64_of(png)}).json
    assert content["prediction"].items() <= prediction.items()


def test_parts_that_are_not_requested_are_null(client):
    response = client.post(EXPLANATION, json=SEVEN).json
    assert {part for part in (*PARTS, "unit") if response[part] is not None} == {
        *ExplanationOptions().parts
    }
    none = client.post(EXPLANATION, json=SEVEN | {"parts": []}).json
    assert none["prediction"] == response["prediction"]
    assert not any(none[part] for part in (*PARTS, "unit"))
    assert (len(none["logits"]), none["target"]) == (11, {"index": 7, "label": "7"})


def test_kind_of_drawing_model_target_and_preprocessing_are_chosen(client, recognizer, png):
    # At the border, from where preprocessing would move it.
    ink = np.roll(recognizer.recognize(png).seen, -6, axis=1).tolist()
    response = client.post(
        f"{EXPLANATION}?model=mlp",
        json={"pixels": ink, "target": "non-digit", "preprocess": False, "parts": ["steps"]},
    ).json
    assert response["model"]["name"] == "mlp"
    assert response["target"] == {"index": 10, "label": "non-digit"}
    assert response["preprocessed"] is False
    np.testing.assert_array_equal(picture_of(response["steps"][-1]["picture"]), ink)


def test_unit_can_be_recomputed_from_the_response(client):
    unit = client.post(EXPLANATION, json=SEVEN | {"parts": [], "unit": ALL["unit"]}).json["unit"]
    total = np.dot(unit["inputs"], unit["weights"])
    assert total == pytest.approx(unit["sum"], rel=1e-5)
    assert total + unit["bias"] == pytest.approx(unit["result"], rel=1e-5)
    assert unit["input_shape"] == [3, 3, 1]
    assert unit["where"] == {"row": 5, "column": 12, "height": 3, "width": 3}


def test_blank_drawing_is_explained(client):
    response = client.post(EXPLANATION, json=BLANK | ALL).json
    assert response["prediction"]["reason"] == response["rejection"]["reason"] == "blank"
    assert not response["change"]["found"]
    assert set(response["occlusion"]) == {0.0}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"parts": ["step"]}, '"parts[0]" should be'),
        ({"parts": "steps"}, '"parts" should be an array'),
        ({"parts": ["steps"] * 9}, '"parts" should have at most 8 items'),
        ({"target": "x"}, "no class of this name to explain"),
        ({"target": ""}, '"target" should have at least 1 character'),
        ({"target": 7}, '"target" should be a string'),
        ({"unit": {"layer": 15, "index": [0]}}, "layers 0 to 14, so none with the number 15"),
        ({"unit": {"layer": 1, "index": [26, 0, 0]}}, "[26, 26, 20], so it has no unit"),
        ({"unit": {"layer": 1, "index": [0]}}, "so it has no unit [0]; count from 0"),
        ({"unit": {"layer": 1, "index": []}}, '"unit.index" should have at least 1 item'),
        ({"unit": {"layer": -1, "index": [0]}}, '"unit.layer" should be greater than or equal'),
        ({"unit": {"layer": 1.5, "index": [0]}}, '"unit.layer" should be a whole number'),
        ({"unit": {"layer": 1}}, '"unit.index" is missing'),
        ({"unit": [1, 2]}, '"unit" should be an object'),
        ({"preprocess": "no"}, '"preprocess" should be'),
        ({"colour": 1}, '"colour" is unknown'),
    ],
)
def test_invalid_option_returns_422(client, fields, words):
    assert words in assert_problem(client.post(EXPLANATION, json=SEVEN | fields), 422)


def test_what_is_no_drawing_is_rejected_as_for_predictions(client, png):
    assert "an object with" in assert_problem(client.post(EXPLANATION, json={}), 422)
    assert_problem(client.post(EXPLANATION, json={"image": "%"}), 400)
    assert_problem(client.post(EXPLANATION, json={"image": base64_of(b"<svg/>")}), 415)
    assert_problem(client.post(EXPLANATION, json={"pixels": [[1] * 28] * 28}), 422)
    assert_problem(post(client, EXPLANATION, png, "image/png"), 415)
    assert_problem(client.post(f"{EXPLANATION}?model=gpt", json=SEVEN), 422)
    assert_problem(client.post(f"{EXPLANATION}?seen=true", json=SEVEN), 422)
    assert_problem(client.get(EXPLANATION), 405)


def test_parts_that_cost_too_much_return_422(client, monkeypatch):
    everything = SEVEN | {"parts": [*PARTS]}
    # 3.9 million multiply-adds, 784 times for the occlusion and 3,600 for each search.
    monkeypatch.setattr(limits, "MAX_MULTIPLY_ADDS", 2**32)
    problem = assert_problem(client.post(EXPLANATION, json=everything), 422)
    assert 'leave out the part "change"' in problem
    fewer = client.post(EXPLANATION, json=SEVEN | {"parts": ["occlusion"]})
    assert len(fewer.json["occlusion"]) == 28 * 28


@pytest.mark.parametrize(
    ("layers", "part"),
    [
        ((Flatten(), Dense(784, 2000), Dense(2000, 10)), "weights"),
        ((Flatten(), *[Dense(784, 784)] * 400, Dense(784, 10)), "layers"),
    ],
)
def test_size_of_the_response_is_limited(layers, part):
    with pytest.raises(limits.ExplanationError, match=f'leave out the part "{part}"'):
        limits.check_cost(Network(layers), [part])
    limits.check_cost(Network(layers), ["steps"])


def test_not_a_number_in_an_explanation_returns_500(client, registry, monkeypatch):
    app = create_app(registry, Settings())
    wrong = explanation_json(explain(np.zeros((28, 28), np.uint8), parts=("saliency",)))
    wrong["saliency"][3] = float("nan")
    monkeypatch.setattr("inkdigits.api.routes.explanations.explanation_json", lambda _: wrong)
    assert_problem(app.test_client().post(EXPLANATION, json=SEVEN), 500)


def test_schema_describes_every_field(png):
    assert {*Explanation.model_fields} == {*explanation_json(explain(png, parts=()))} | {
        "duration_ms",
        "profile",
    }
