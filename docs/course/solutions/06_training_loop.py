# %% [markdown]
# # 6 · A training loop
#
# *About 30 minutes. You need steps 3 to 5.*
#
# At the end you can
#
# - train a network of three layers that you have written yourself, from nothing,
# - show that it computes the same numbers as `inkdigits.nn`, step by step,
# - read a learning curve.

# %%
import time

import numpy as np
from coursework.built import (
    cross_entropy,
    dense,
    dense_backward,
    dense_network,
    logits_gradient,
    relu,
    relu_backward,
    softmax,
)
from coursework.checks import training_loop as check
from coursework.data import ink, load_digits
from coursework.plots import lines, show

from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.nn.optimizers import SGD

training, validation = load_digits()
x, labels = ink(training).reshape(-1, 784), training.labels
unseen, unseen_labels = ink(validation).reshape(-1, 784), validation.labels

# %% [markdown]
# The functions in the first import are yours, from steps 3 to 5. You may paste your own over them.
#
# ## Exercise 1: batches
#
# A gradient over all images is exact, but slow. A *batch* of 64 gives roughly the same direction in
# a thousandth of the time. An *epoch* is one pass over all images, in a new random order, so that
# each image is used once. Make the batches of one epoch, as arrays of indices. With 10 images and
# batches of 4, there are three, the last of which has two images.
#
# Use `rng.permutation(count)`. A random generator that is passed in makes an experiment repeatable.


# %%
def batches(count, size, rng):
    """Return the batches of an epoch: a list of arrays of indices below `count`."""
    # BEGIN SOLUTION
    order = rng.permutation(count)
    return [order[start : start + size] for start in range(0, count, size)]
    # END SOLUTION


# %%
check.batches(batches)

# %% [markdown]
# ## Exercise 2: all gradients
#
# A network is a list of pairs, weight and bias. The forward pass below keeps what the backward pass
# needs: the input of each layer, and its output before the ReLU. Fill in the loop of the backward
# pass: from the last layer to the first. What follows a layer (except the last) is a ReLU.


# %%
def forward(network, x):
    """Return the logits, the input of each layer, and the output of each before the ReLU."""
    inputs, outputs = [], []
    for weight, bias in network:
        inputs.append(x)
        outputs.append(dense(x, weight, bias))
        x = relu(outputs[-1])
    return outputs[-1], inputs, outputs


def gradients(network, x, labels):
    """Return the loss, and a list of pairs (dweight, dbias), one for each layer."""
    logits, inputs, outputs = forward(network, x)
    p = softmax(logits)
    loss = cross_entropy(p, labels)
    dy = logits_gradient(p, labels)
    pairs = []
    for number in reversed(range(len(network))):
        weight = network[number][0]
        # BEGIN SOLUTION: ...  # go through the ReLU, unless this is the last layer; then the layer
        if number < len(network) - 1:
            dy = relu_backward(dy, outputs[number])
        dy, dweight, dbias = dense_backward(dy, inputs[number], weight)
        pairs.insert(0, (dweight, dbias))
        # END SOLUTION
    return loss, pairs


# %%
def random_network(sizes, rng):
    """Draw weights at random; biases start at zero."""
    return [
        (np.float32(np.sqrt(2 / i) * rng.normal(size=(i, o))), np.zeros(o, np.float32))
        for i, o in zip(sizes, sizes[1:])
    ]


small = random_network([5, 6, 4, 3], np.random.default_rng(2))
few, few_labels = np.random.default_rng(1).random((8, 5)), np.array([0, 1, 2, 0, 1, 2, 0, 1])
check.gradients(gradients(small, few, few_labels)[1], small, few, few_labels)

# %% [markdown]
# ## Exercise 3: a step
#
# Change a parameter (an array) *in place*, against its gradient: $w \leftarrow w - \eta \, dw$.
# With `-=` the array itself changes; `w = w - ...` would only give the name `w` a new array.


# %%
def update(parameter, gradient, rate):
    """Change the parameter in place."""
    # BEGIN SOLUTION
    parameter -= rate * gradient
    # END SOLUTION


# %%
check.update(update)

# %% [markdown]
# ## Exercise 4: accuracy
#
# The network's answer is the digit with the largest logit. Return the share of right answers.


# %%
def accuracy(logits, labels):
    """Return the share of right answers, from 0 to 1."""
    # BEGIN SOLUTION
    return (logits.argmax(axis=1) == labels).mean()
    # END SOLUTION


# %%
check.accuracy(accuracy)

# %% [markdown]
# ## The same numbers as inkdigits?
#
# Before we train for long, compare with the project's network: the same weights at the start, the
# same batches, 20 steps each. If every parameter agrees, both compute the same thing.

# %%
rng = np.random.default_rng(0)
network = random_network([784, 128, 64, 10], rng)
theirs = dense_network()
vector = np.concatenate([array.ravel() for layer in network for array in layer])
gradient, optimizer = np.empty_like(vector), SGD()
params, grads = theirs.layer_params(vector), theirs.layer_params(gradient)

for step, chosen in enumerate(batches(len(x), 64, rng)[:20]):
    loss, pairs = gradients(network, x[chosen], labels[chosen])
    for layer, pair in zip(network, pairs):
        for parameter, change in zip(layer, pair):
            update(parameter, change, 0.1)

    logits, backward = theirs.forward(params, x[chosen])
    their_loss, backward_loss = softmax_cross_entropy(logits, one_hot(10)[labels[chosen]])
    backward(backward_loss(), grads)
    optimizer.step(vector, gradient, np.zeros((0, vector.size)), 0.1, step)
    if step % 5 == 0:
        print(f"step {step:2}: my loss {loss:.6f}, inkdigits {their_loss:.6f}")

mine = np.concatenate([array.ravel() for layer in network for array in layer])
print("largest difference of", mine.size, "parameters:", np.abs(mine - vector).max())

# %% [markdown]
# Equal up to rounding: 32 bits hold about seven decimal digits. You have written the
# project's network.
#
# ## Train
#
# Now five epochs. This takes a few seconds.

# %%
network, history, start = random_network([784, 128, 64, 10], rng), [], time.perf_counter()
for epoch in range(1, 6):
    losses = []
    for chosen in batches(len(x), 64, rng):
        loss, pairs = gradients(network, x[chosen], labels[chosen])
        losses.append(loss)
        for layer, pair in zip(network, pairs):
            for parameter, change in zip(layer, pair):
                update(parameter, change, 0.1)
    logits = forward(network, unseen)[0]
    unseen_loss = cross_entropy(softmax(logits), unseen_labels)
    history.append((epoch, np.mean(losses), unseen_loss))
    right = accuracy(logits, unseen_labels)
    print(f"epoch {epoch}: loss {np.mean(losses):.3f}, {right:.1%} of the unseen digits")
print(f"{time.perf_counter() - start:.0f} seconds")

epochs, train_losses, unseen_losses = zip(*history)
lines({"training": (epochs, train_losses), "unseen": (epochs, unseen_losses)}, "epoch", "loss")

# %% [markdown]
# With the real MNIST: about 97% of the unseen digits. The training loss keeps falling, and the loss
# on unseen digits falls more slowly. If it begins to rise while the training loss falls, the
# network *overfits*: it learns the images by heart.
#
# What do the first neurons look for? Here are the weights of 20 of the 128:

# %%
show(network[0][0].T[:20].reshape(-1, 28, 28), signed=True)

# %% [markdown]
# **Questions to think about**
#
# 1. Start with all weights at zero. What happens, and why?
# 2. Try batches of 1 and of 1,000. Which learns more in an epoch, and which is faster?
# 3. Train with 500 images only. What do both curves do?
#
# To watch this happen, open the view "Train" of the project's page (`make run`), and train a
# network of the same sizes there.
#
# ## Read on in inkdigits
#
# - `inkdigits.training.fit`: this loop, with a few more comforts
# - `inkdigits.data.batches.Batches.epoch`: your `batches`
# - `inkdigits.nn.optimizers.SGD` and `inkdigits.nn.optimizers.AdamW`: a step, and a cleverer one
#
# Next: [7 · Why it fails on my digit](07-my-digit.ipynb)
