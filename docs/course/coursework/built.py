"""What earlier steps of the course have built, for the steps that follow.

You may replace any function by your own: the notebooks check that it does the same.
"""

from typing import Any

import numpy as np

from inkdigits.arrays import Array, Labels
from inkdigits.data.augment import Augment
from inkdigits.data.batches import Batches
from inkdigits.inference import forward_batches
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.losses import LabelSmoothing
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import AdamW
from inkdigits.nn.schedules import OneCycle
from inkdigits.recipes import Recipe
from inkdigits.training import fit, init_state

# Step 3: layers


def dense(x: Array, weight: Array, bias: Array) -> Array:
    """Compute a dense layer."""
    return x @ weight + bias


def relu(x: Array) -> Array:
    """Set what is negative to zero."""
    return np.maximum(x, 0)


# Step 4: their backward passes


def dense_backward(dy: Array, x: Array, weight: Array) -> tuple[Array, Array, Array]:
    """Return the gradients at the input, the weight and the bias of a dense layer."""
    return dy @ weight.T, x.T @ dy, dy.sum(axis=0)


def relu_backward(dy: Array, x: Array) -> Array:
    """Let the gradient pass where the input was positive."""
    return dy * (x > 0)


# Step 5: the loss


def softmax(z: Array) -> Array:
    """Turn each row of logits into probabilities."""
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def cross_entropy(p: Array, labels: Labels) -> float:
    """Return the mean surprise at the right answers."""
    return float(-np.log(p[np.arange(len(p)), labels]).mean())


def logits_gradient(p: Array, labels: Labels) -> Array:
    """Return the gradient of the loss at the logits."""
    return (p - np.eye(p.shape[1], dtype=p.dtype)[labels]) / len(p)


# Step 6: from here on, the networks are those of inkdigits, which compute the same.


def dense_network(outputs: int = 10) -> Network:
    """Return a network of three dense layers: 784, 128, 64 and the outputs."""
    layers = (Dense(784, 128), ReLU(), Dense(128, 64), ReLU(), Dense(64, outputs))
    return Network((Flatten(), *layers))


def train(
    network: Network,
    x: Array,
    labels: Labels,
    epochs: int,
    augment: Augment | None = None,
    seed: int = 0,
) -> Array:
    """Train a network with the project's own training loop, and print the loss of each epoch.

    x        float32 (N, 28, 28), ink in [0, 1]
    labels   (N,)
    augment  changes the images at random, each time they are used
    returns  float32 (P,), the parameters
    """
    recipe = Recipe(
        name="course",
        summary="A network of the course.",
        network=network,
        preprocessing="ink",
        targets=LabelSmoothing(0.0),
        optimizer=AdamW(),
        schedule=OneCycle(peak=0.003),
        batch_size=64,
        epochs=epochs,
        augment=augment,
    )
    batches = Batches(x, labels, recipe.batch_size, seed, augment=augment)
    state = init_state(recipe, seed)
    for record in fit(recipe, batches, state):
        print(f"epoch {record.epoch}: loss {record.loss:.3f}, accuracy {record.accuracy:.1%}")
    return state.params


def predict(network: Network, vector: Array, x: Array) -> Array:
    """Return the logits of images, float32 (N, C)."""
    return forward_batches(network, network.layer_params(vector), x)


def accuracy(logits: Array, labels: Labels) -> float:
    """Return the share of right answers; only the first ten logits count."""
    return float(np.mean(logits[:, :10].argmax(axis=1) == labels))


# Step 8: convolutions


def convolutional_network(outputs: int = 10) -> Network:
    """Return a small network of two convolutions and one dense layer."""
    convolutions: tuple[Any, ...] = (Conv2D(1, 8), MaxPool2D(), ReLU())
    convolutions += (Conv2D(8, 16), MaxPool2D(), ReLU())
    return Network((AddChannel(), *convolutions, Flatten(), Dense(5 * 5 * 16, outputs)))
