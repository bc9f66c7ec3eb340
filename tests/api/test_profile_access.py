"""Who may use a profile, and with which models."""

import numpy as np
import pytest
from requests_to import EXPLANATION, ONE, PROFILES, assert_problem

from inkdigits.api import ModelRegistry, Settings, create_app, examples
from inkdigits.model_file import Model, locate, save_model
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.network import Network


@pytest.fixture
def service(tmp_path, fits_at_once):
    """A service that serves one model of digits under two names, and one of other classes."""
    network = Network((Flatten(), Dense(784, 2)))
    other = Model(
        network, np.zeros(network.size, np.float32), "ink", False, "mine", classes=("a", "b")
    )
    save_model(tmp_path / "other.safetensors", other)
    copy = tmp_path / "copy.safetensors"
    copy.write_bytes(locate("classic").read_bytes())
    models = ["classic", str(copy), str(tmp_path / "other.safetensors")]
    settings = Settings(database=str(tmp_path / "profiles.sqlite3"))
    return create_app(ModelRegistry(models), settings).test_client()


@pytest.fixture
def token(service):
    return service.post(PROFILES, json={"consent": True}).json["token"]


@pytest.mark.parametrize("path", [ONE, EXPLANATION])
def test_profile_with_a_model_of_other_classes_is_rejected(service, token, path):
    headers = {"Authorization": f"Bearer {token}"}
    request = {"path": f"{path}?model=other", "json": examples.STROKES_DRAWING}
    assert "Profiles are of digits" in assert_problem(service.post(**request, headers=headers), 422)
    assert service.post(**request).status_code == 200


def test_response_names_the_model_that_the_request_names(service, token):
    headers = {"Authorization": f"Bearer {token}"}
    for name in ("classic", "copy"):
        response = service.post(
            f"{ONE}?model={name}", json=examples.STROKES_DRAWING, headers=headers
        )
        assert response.json["model"]["name"] == name


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_name_of_the_scheme_is_not_case_sensitive(service, token, scheme):
    headers = {"Authorization": f"{scheme} {token}"}
    response = service.post(ONE, json=examples.STROKES_DRAWING, headers=headers)
    assert response.json["profile"] == {"version": 0}
