"""A model in two parts, which together compute what the model does."""

import numpy as np
import pytest
from profile_samples import base_model, made_samples
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.inference import forward_batches
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.personal.head import Head, with_tensors
from inkdigits.preprocessing import network_input

PICTURES = np.stack([sample.seen for sample in made_samples(6)])


def recognizer_of(*layers):
    network = Network(layers)
    vector = network.init(np.random.default_rng(0))
    return Recognizer(untrained(network=network, vector=vector), "small")


@pytest.mark.parametrize(
    "recognizer",
    [
        *map(base_model, ("cnn-small", "mlp", "classic")),
        recognizer_of(Flatten(), Dense(784, 11)),
        recognizer_of(Flatten(), Dense(784, 20), ReLU(), Dense(20, 11)),
    ],
    ids=["cnn-small", "mlp", "classic", "one dense layer", "two"],
)
def test_both_parts_compute_what_the_model_does(recognizer):
    head, model = Head.of(recognizer), recognizer.model
    logits = head.logits(head.features_of(PICTURES), head.vector)
    params = model.network.layer_params(model.vector)
    expected = forward_batches(model.network, params, network_input(PICTURES))
    np.testing.assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)
    dense = [layer for layer in head.network.layers if isinstance(layer, Dense)]
    assert len(dense) == min(2, sum(isinstance(each, Dense) for each in model.network.layers))
    tensors = head.tensors(head.vector)
    all_tensors = model.network.unflatten(model.vector)
    assert all((tensors[name] == all_tensors[name]).all() for name in tensors)


def test_parameters_are_replaced_by_name_in_a_copy():
    base = base_model()
    head = Head.of(base)
    changed = with_tensors(base, head.tensors(np.full_like(head.vector, 0.5)))
    old, new = base.model.vector, changed.model.vector
    assert (new[-len(head.vector) :] == 0.5).all()
    assert (new[: -len(head.vector)] == old[: -len(head.vector)]).all()
    assert not (old[-len(head.vector) :] == 0.5).any()
    assert not new.flags.writeable
    assert (changed.name, changed.digest) == (base.name, base.digest)


def test_threshold_is_the_models():
    assert Head.of(base_model("mlp")).threshold == base_model("mlp").rejection_threshold
    assert Head.of(base_model("classic")).threshold == np.inf


def test_model_without_a_dense_layer_is_refused():
    with pytest.raises(ValueError, match="small has no dense layer to adapt"):
        Head.of(recognizer_of(Flatten()))
