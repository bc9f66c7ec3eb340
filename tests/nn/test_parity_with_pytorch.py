"""Every layer, loss and optimizer matches PyTorch, forward and backward."""

import numpy as np
import pytest
from test_layers import CASES, distinct, parameters, unset

from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.ctc import ctc_loss
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU, Sigmoid
from inkdigits.nn.losses import LabelSmoothing, SoftTargets, softmax_cross_entropy
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Cosine
from inkdigits.nn.sequences import Columns, Conv1D, MaxPoolRows
from inkdigits.recipes import RECIPES

pytestmark = pytest.mark.parity

LABELS = np.arange(10).repeat(3)


@pytest.fixture(scope="module")
def torch():
    # Not at the top: this file is collected with the tests that run without PyTorch.
    import torch

    return torch


def assert_close(actual, expected):
    np.testing.assert_allclose(actual, expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def tensor_with_gradient(torch, array):
    """Copy an array into a tensor that accumulates its gradient."""
    return torch.tensor(array, requires_grad=True)


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def pytorch_forward(torch, layer, params, x):
    """Run the forward pass of the layer in PyTorch."""
    match layer:
        case Dense():
            return torch.nn.functional.linear(x, params["weight"].T, params.get("bias"))
        case Sigmoid():
            return torch.sigmoid(x)
        case ReLU():
            return torch.relu(x)
        case Dropout():
            return torch.nn.functional.dropout(x, layer.rate, training=False)
        case Flatten():
            return torch.flatten(x, start_dim=1)
        case AddChannel():
            return x[..., None]
        case ZeroPad2D():
            return torch.nn.functional.pad(x, (0, 0, *4 * [layer.width]))
        case Conv2D():
            filters = params["weight"].permute(3, 2, 0, 1)
            y = torch.nn.functional.conv2d(channels_first(x), filters, params["bias"])
            return channels_last(y)
        case MaxPool2D():
            return channels_last(torch.nn.functional.max_pool2d(channels_first(x), layer.pool_size))
        case MaxPoolRows():
            size = (layer.pool_size, 1)
            return channels_last(torch.nn.functional.max_pool2d(channels_first(x), size))
        case Columns():
            return x.permute(0, 2, 1, 3).flatten(2)
        case Conv1D():
            filters = params["weight"].permute(2, 1, 0)
            padding = layer.kernel_size // 2
            y = torch.nn.functional.conv1d(x.mT, filters, params["bias"], padding=padding)
            return y.mT
        case BatchNorm():
            rows = x.reshape(-1, layer.channels)
            scale, shift = params["scale"], params["shift"]
            # Not torch.nn.functional.batch_norm, which rejects a batch of one.
            y = torch.batch_norm(
                rows, scale, shift, None, None, True, 0.1, layer.epsilon, cudnn_enabled=False
            )
            return y.reshape(x.shape)
    raise NotImplementedError(f"add the counterpart of {layer} in PyTorch here")


@pytest.mark.parametrize(("layer", "x_shape", "y_shape"), CASES)
def test_layer_matches_pytorch(torch, layer, x_shape, y_shape):
    params, x, dy = parameters(layer), distinct(x_shape), distinct(y_shape, seed=9)
    y, backward = layer.forward(params, x)
    grads = unset(params)
    dx = backward(dy, grads)

    their_params = {name: tensor_with_gradient(torch, array) for name, array in params.items()}
    their_x = tensor_with_gradient(torch, x)
    their_y = pytorch_forward(torch, layer, their_params, their_x)
    their_y.backward(torch.tensor(dy))

    assert_close(y, their_y)
    assert_close(dx, their_x.grad)
    for name, tensor in their_params.items():
        assert_close(grads[name], tensor.grad)


def test_dropout_in_training_scales_kept_values_alike(torch):
    # Which values are kept is random, so only the values themselves are compared.
    ones = np.ones((40, 50), np.float32)
    y, backward = Dropout(0.3).forward({}, ones, np.random.default_rng(0))
    their_x = tensor_with_gradient(torch, ones)
    their_y = torch.nn.functional.dropout(their_x, 0.3, training=True)
    their_y.backward(torch.tensor(ones))
    assert_close(np.unique(y), torch.unique(their_y))
    assert_close(np.unique(backward(ones, {})), torch.unique(their_x.grad))


def test_ctc_matches_pytorch(torch):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4, 12, 6)).astype(np.float32)
    targets = [[1, 2, 2, 3], [5], [4, 4, 4], [1, 2, 3, 4, 5]]
    lengths = np.array([12, 3, 7, 9])
    loss, backward = ctc_loss(logits, targets, lengths)

    theirs = tensor_with_gradient(torch, logits)
    their_loss = torch.nn.functional.ctc_loss(
        theirs.log_softmax(dim=2).transpose(0, 1),
        torch.tensor([label for target in targets for label in target]),
        torch.tensor(lengths),
        torch.tensor([len(target) for target in targets]),
        reduction="sum",
    ) / len(targets)
    their_loss.backward()
    np.testing.assert_allclose(loss, their_loss.item(), rtol=1e-5)
    np.testing.assert_allclose(backward(), theirs.grad.numpy(), rtol=1e-4, atol=1e-5)


def cross_entropy(torch, logits, targets):
    return torch.nn.functional.cross_entropy(logits, targets)


def cross_entropy_hard(torch, logits, targets):
    return torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS))


def cross_entropy_smoothed(torch, logits, targets):
    return torch.nn.functional.cross_entropy(logits, torch.tensor(LABELS), label_smoothing=0.1)


def logsumexp_minus_score(torch, logits, targets):
    """Compute the loss for targets with any sum, for which PyTorch has no function."""
    return (torch.logsumexp(logits, dim=1) - (targets * logits).sum(dim=1)).mean()


SOFT = np.random.default_rng(4).dirichlet(np.ones(10), LABELS.size).astype(np.float32)
LOSSES = [  # targets, and PyTorch's loss for them
    pytest.param(LabelSmoothing(0.0)(10)[LABELS], cross_entropy_hard, id="one-hot"),
    pytest.param(LabelSmoothing(0.1)(10)[LABELS], cross_entropy_smoothed, id="label smoothing"),
    pytest.param(SOFT, cross_entropy, id="soft"),
    pytest.param(SoftTargets()(10)[LABELS], logsumexp_minus_score, id="soft targets"),
]


@pytest.mark.parametrize(("targets", "counterpart"), LOSSES)
@pytest.mark.parametrize("scale", [1, 10, 100])
def test_loss_matches_pytorch(torch, targets, counterpart, scale):
    scores = np.random.default_rng(0).standard_normal(targets.shape, np.float32)
    logits = scale * scores
    loss, backward = softmax_cross_entropy(logits, targets)

    their_logits = tensor_with_gradient(torch, logits)
    their_loss = counterpart(torch, their_logits, torch.tensor(targets))
    their_loss.backward()

    assert_close(loss, their_loss)
    assert_close(backward(), their_logits.grad)


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_whole_network_matches_pytorch(torch, recipe):
    """In double precision, because batch normalization amplifies rounding errors."""
    rng = np.random.default_rng(0)
    network, targets = recipe.network, recipe.target_table[LABELS].astype(np.float64)
    x = rng.random((LABELS.size, 28, 28))
    vector, gradient = network.init(rng).astype(np.float64), np.full(network.size, np.nan)
    logits, backward = network.forward(network.layer_params(vector), x)
    loss, loss_backward = softmax_cross_entropy(logits, targets)
    backward(loss_backward(), network.layer_params(gradient))

    their_params = tuple(
        {name: tensor_with_gradient(torch, array) for name, array in params.items()}
        for params in network.layer_params(vector)
    )
    their_logits = torch.tensor(x)
    for layer, params in zip(network.layers, their_params, strict=True):
        their_logits = pytorch_forward(torch, layer, params, their_logits)
    their_loss = logsumexp_minus_score(torch, their_logits, torch.tensor(targets))
    their_loss.backward()

    assert_close(logits, their_logits)
    assert_close(loss, their_loss)
    for grads, params in zip(network.layer_params(gradient), their_params, strict=True):
        for name, tensor in params.items():
            assert_close(grads[name], tensor.grad)


OPTIMIZERS = [  # an optimizer, its name in PyTorch, and its settings there
    (SGD(), "SGD", {}),
    (SGD(momentum=0.9), "SGD", {"momentum": 0.9}),
    (SGD(weight_decay=0.1), "SGD", {"weight_decay": 0.1}),
    (SGD(momentum=0.9, weight_decay=0.1), "SGD", {"momentum": 0.9, "weight_decay": 0.1}),
    (AdamW(), "AdamW", {}),
    (
        AdamW(beta1=0.8, beta2=0.95, epsilon=1e-6, weight_decay=0.3),
        "AdamW",
        {"betas": (0.8, 0.95), "eps": 1e-6, "weight_decay": 0.3},
    ),
]


@pytest.mark.parametrize(("optimizer", "counterpart", "settings"), OPTIMIZERS)
def test_optimizer_matches_pytorch(torch, optimizer, counterpart, settings):
    rng = np.random.default_rng(0)
    params = rng.standard_normal(100, np.float32)
    state = np.zeros((optimizer.state_vectors, params.size), np.float32)
    their_params = tensor_with_gradient(torch, params)
    their_optimizer = getattr(torch.optim, counterpart)([their_params], lr=1, **settings)
    for number in range(20):
        gradient = rng.standard_normal(100, np.float32)
        learning_rate = 0.1 / (number + 1)  # it changes, as with a schedule
        optimizer.step(params, gradient, state, learning_rate, number)

        their_optimizer.param_groups[0]["lr"] = learning_rate
        their_params.grad = torch.tensor(gradient)
        their_optimizer.step()
        assert_close(params, their_params)


def test_cosine_matches_pytorch(torch):
    steps = 50
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    for step in range(steps):
        assert Cosine(peak=0.3)(step, steps) == pytest.approx(schedule.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        schedule.step()
