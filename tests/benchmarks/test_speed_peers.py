"""The PyTorch code that ours is compared with computes the same: run by `make parity`."""

from dataclasses import replace

import numpy as np
import pytest
from training import MANY_EPOCHS, FixedBatches

from inkdigits import training
from inkdigits.recipes import INPUT_SHAPE, RECIPES

pytestmark = pytest.mark.parity


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.mark.parametrize("name", ["mlp", "cnn-small"])
def test_steps_have_the_same_losses(torch, name):
    from torch_network import mean_losses, trainer

    rng = np.random.default_rng(0)
    batches = [(rng.random((16, *INPUT_SHAPE), np.float32), rng.integers(0, 11, 16)) for _ in "abc"]
    recipe = replace(RECIPES[name], epochs=MANY_EPOCHS, batch_size=16)
    state = training.init_state(recipe, seed=0)
    theirs = mean_losses(
        trainer(recipe, state.params.copy(), len(batches) * MANY_EPOCHS),
        [(torch.tensor(x), torch.tensor(labels)) for x, labels in batches],
    )
    ours = training.fit(recipe, FixedBatches(batches), state)
    for _ in range(3):
        assert next(ours).loss == pytest.approx(theirs(), abs=1e-3)


@pytest.mark.parametrize("name", ["mlp", "cnn-small"])
def test_augmentation_makes_the_same_pictures_of_the_same_numbers(torch, name):
    from torch_augment import TorchAugment, draw, draw_as_ours

    augment = RECIPES[name].augment
    # Like MNIST's, the pictures have a margin. At the border, ours clips coordinates a bit earlier.
    x = np.pad(np.random.default_rng(0).random((32, 20, 20), np.float32), ((0, 0), (4, 4), (4, 4)))
    ours = augment(x, np.random.default_rng(1))
    in_torch, inputs = TorchAugment(augment), torch.from_numpy(x)
    same = in_torch(inputs, draw_as_ours(32, augment, np.random.default_rng(1)))
    np.testing.assert_allclose(same, ours, atol=1e-3)
    other = in_torch(inputs, draw(32, augment, torch.Generator().manual_seed(0)))
    assert np.abs(other.numpy() - ours).max() > 0.1
