"""The malicious model files are well-formed; only their content is harmful."""

import hashlib
import json

import forged_models
import numpy as np
import pytest
from safetensors.numpy import load

SHIPPED = forged_models.SHIPPED.read_bytes()
FORGERIES = (
    forged_models.extreme_weights,
    forged_models.nested_metadata,
    forged_models.surrogate_metadata,
)


def content(file):
    header = json.loads(file[8 : 8 + int.from_bytes(file[:8], "little")])
    return json.loads(header["__metadata__"]["inkdigits"])


@pytest.mark.parametrize("forge", FORGERIES)
def test_digest_is_valid(forge):
    file = forge(SHIPPED)
    digest = content(file)["sha256"]
    assert digest != content(SHIPPED)["sha256"]
    without = file.replace(digest.encode(), b"0" * 64)
    assert hashlib.sha256(without).hexdigest() == digest


def test_extreme_weights_are_finite_but_their_squares_are_not():
    for tensor in load(forged_models.extreme_weights(SHIPPED)).values():
        assert np.isfinite(tensor).all()
        with np.errstate(over="ignore"):
            assert np.isinf(tensor**2).all()


def test_everything_else_is_unchanged():
    shipped, forged = content(SHIPPED), content(forged_models.nested_metadata(SHIPPED))
    assert forged["document"] == shipped["document"] | {"metrics": forged["document"]["metrics"]}
    weights = load(forged_models.nested_metadata(SHIPPED))
    for name, tensor in load(SHIPPED).items():
        np.testing.assert_array_equal(weights[name], tensor)


def test_served_model_is_a_copy(tmp_path):
    with forged_models.model_file(tmp_path) as variables:
        (path,) = variables.values()
        assert path == str(tmp_path / "model.safetensors")
        assert (tmp_path / "model.safetensors").read_bytes() == SHIPPED
