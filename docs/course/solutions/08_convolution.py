# %% [markdown]
# # 8 · Convolution
#
# *About 30 minutes. You need steps 3, 6 and 7.*
#
# At the end you can
#
# - slide a kernel over an image, and design one that finds edges,
# - say why a convolution has so few parameters, and why that helps,
# - train a small convolutional network, and compare it with the dense one.

# %%
import time

import numpy as np
from coursework.built import accuracy, convolutional_network, dense_network, predict, train
from coursework.checks import convolution as check
from coursework.data import ink, load_digits
from coursework.plots import lines, show

from inkdigits.nn.convolution import Conv2D

training, validation = load_digits()
x, labels = ink(training), training.labels
unseen, unseen_labels = ink(validation), validation.labels

# %% [markdown]
# ## Exercise 1: slide
#
# A dense layer has a weight for each pixel of the image, so it learns every place anew. But an edge
# is an edge, wherever it is. A *convolution* has weights for a small window only, the *kernel*, and
# uses the same ones at every position. For a kernel $k$ of 3 by 3:
#
# $$
# y_{rc} = \sum_{i=0}^{2} \sum_{j=0}^{2} x_{r+i, \, c+j} \; k_{ij}
# $$
#
# The whole window has to be inside the image. So 28 rows become 26. Write it with loops first.


# %%
def convolve(image, kernel):
    """Slide a kernel over an image.

    image    (H, W)
    kernel   (h, w)
    returns  (H - h + 1, W - w + 1)
    """
    # BEGIN SOLUTION
    height, width = kernel.shape
    result = np.zeros((image.shape[0] - height + 1, image.shape[1] - width + 1))
    for row, column in np.ndindex(result.shape):
        window = image[row : row + height, column : column + width]
        result[row, column] = (window * kernel).sum()
    return result
    # END SOLUTION


# %%
check.convolve(convolve)

# %% [markdown]
# ## Exercise 2: a kernel that finds edges
#
# Design a kernel of 3 by 3 that is positive where, from left to right, ink begins, negative where
# it ends, and 0 where nothing changes, and also 0 at horizontal edges.

# %%
# BEGIN SOLUTION: edge = np.zeros((3, 3))  # change these numbers
edge = np.array([[-1, 0, 1], [-1, 0, 1], [-1, 0, 1]])
# END SOLUTION
show([x[0], convolve(x[0], edge), convolve(x[0], edge.T)], ["", "edge", "edge.T"], signed=True)

# %%
check.edge(edge)

# %% [markdown]
# Red where ink begins, blue where it ends. Nobody designs kernels in a network, though. They are
# weights, so they are learned.
#
# ## Exercise 3: pooling
#
# Whether an edge is one pixel further left should not matter much. *Max pooling* keeps, of each
# square of 2 by 2 pixels, the largest. If a last row or column fills no square, leave it out.


# %%
def max_pool(image):
    """Keep the largest value of each square of 2 by 2 pixels."""
    # BEGIN SOLUTION
    height, width = image.shape[0] // 2, image.shape[1] // 2
    squares = image[: 2 * height, : 2 * width].reshape(height, 2, width, 2)
    return squares.max(axis=(1, 3))
    # END SOLUTION


# %%
check.max_pool(max_pool)
show([convolve(x[0], edge), max_pool(convolve(x[0], edge))], ["26 x 26", "13 x 13"], signed=True)

# %% [markdown]
# ## Exercise 4: count
#
# A layer has several kernels, called *filters*, and each gives an image of its own: a *channel*. In
# the next layer, each filter looks at *all* channels, so it has a kernel for each of them, and one
# bias. How many parameters does a layer have?


# %%
def count_parameters(size, channels, filters):
    """Count the parameters of a convolution with kernels of size by size pixels."""
    # BEGIN SOLUTION
    return (size * size * channels + 1) * filters
    # END SOLUTION


# %%
check.parameters(count_parameters)
convolution, dense = convolutional_network(), dense_network()
print("convolutional network", convolution.size, "parameters, dense network", dense.size)
for layer, shape in zip(convolution.layers, convolution.output_shapes((28, 28))):
    print(f"  {type(layer).__name__:10} gives {shape}")

# %% [markdown]
# Does your convolution do the same as the project's? There, images are (N, H, W, C), and the loops
# are one matrix product: each window is copied into a row, each filter into a column.

# %%
layer = Conv2D(1, 8)
params = layer.init(np.random.default_rng(0))
theirs, _ = layer.forward(params, x[:1, :, :, None])
mine = np.dstack([convolve(x[0], params["weight"][:, :, 0, number]) for number in range(8)])
print("largest difference", np.abs(theirs[0] - mine).max())

# %% [markdown]
# ## Train both
#
# The convolutional network has a twentieth of the parameters, but takes longer: each weight is used
# at hundreds of places.

# %%
trained = {}
for name, network in (("dense", dense), ("convolutional", convolution)):
    print(name)
    start = time.perf_counter()
    vector = train(network, x, labels, epochs=3)
    trained[name] = network, vector
    result = accuracy(predict(network, vector, unseen), unseen_labels)
    print(f"  {result:.1%} of the unseen digits, {time.perf_counter() - start:.0f} seconds")

# %% [markdown]
# And if the digits are shifted, as in step 7?

# %%
shifts = range(7)
curves = {}
for name, (network, vector) in trained.items():
    results = [
        accuracy(predict(network, vector, np.roll(unseen, shift, axis=2)), unseen_labels)
        for shift in shifts
    ]
    curves[name] = shifts, results
lines(curves, "pixels to the right", "accuracy")
network, vector = trained["convolutional"]
kernels = network.layer_params(vector)[1]["weight"]
show(kernels[:, :, 0].transpose(2, 0, 1), signed=True)

# %% [markdown]
# The convolutional network is better, also on digits that are shifted by a pixel or two. But it
# fails on larger shifts, too: its last layer is dense, and has a weight for each place. A
# convolution does not make a network independent of the position; it makes learning cheaper.
#
# **Questions to think about**
#
# 1. Which kernel leaves the image unchanged? Which one blurs it?
# 2. After two convolutions and two poolings, how many pixels of the image does one number see?
# 3. Shuffle the pixels of all images in the same way. Which of the two networks suffers?
#
# Open the view "Inside" of the page (`make run`) to see all channels of the project's network for a
# digit that you draw. Click one of them, and watch its kernel slide.
#
# ## Read on in inkdigits
#
# - `inkdigits.nn.convolution.Conv2D`: the matrix product, and its backward pass
# - `inkdigits.nn.convolution.MaxPool2D`
# - `inkdigits.recipes.CNN_SMALL`: the network that the page uses
#
# Next: [9 · Other people's handwriting](09-handwriting.ipynb)
