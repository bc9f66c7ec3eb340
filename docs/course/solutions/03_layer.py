# %% [markdown]
# # 3 · A layer
#
# *About 30 minutes. You need step 2, and matrix products.*
#
# At the end you can
#
# - compute many neurons at once, as one matrix product,
# - say why a network needs something nonlinear between its layers,
# - build the network that will read digits, and count its parameters.

# %%
import numpy as np
from coursework.checks import layer as check
from coursework.data import ink, load_digits
from coursework.plots import bars, show

from inkdigits.nn.layers import Dense

training, validation = load_digits()
x, labels = ink(training).reshape(-1, 784), training.labels

# %% [markdown]
# ## Exercise 1: many neurons
#
# Ten neurons that look at the same image, one for each digit, are a *dense layer*. Write their
# weights as the columns of a matrix $W$ with 784 rows and 10 columns, and their biases as $b$. For
# $N$ images, the rows of $X$:
#
# $$
# Y = X W + b \qquad (N \times 10) = (N \times 784)(784 \times 10) + (10)
# $$
#
# The shapes are a good friend: if they do not fit, the formula is wrong.


# %%
def dense(x, weight, bias):
    """Compute a dense layer.

    x        (N, I), an image in each row
    weight   (I, O), a neuron in each column
    bias     (O,)
    returns  (N, O)
    """
    # BEGIN SOLUTION
    return x @ weight + bias
    # END SOLUTION


# %%
check.dense(dense)

# %% [markdown]
# Is that what the project computes? Compare all numbers. (A layer of `inkdigits` is only a recipe.
# Its weights come as a dictionary, and `forward` returns the result and one thing more, which is
# the topic of the next step.)

# %%
rng = np.random.default_rng(0)
layer = Dense(784, 10)
params = layer.init(rng)
theirs, _ = layer.forward(params, x[:100])
mine = dense(x[:100], params["weight"], params["bias"])
print("largest difference", np.abs(theirs - mine).max())

# %% [markdown]
# ## Exercise 2: two layers that are one
#
# What do we gain if a second layer looks at the results of the first? Without anything in between,
# nothing. For two layers $y = (x W_1 + b_1) W_2 + b_2$, find *one* layer that gives the same:
# return its weights and its biases.


# %%
def collapse(w1, b1, w2, b2):
    """Return the weight and the bias of one layer that does the same as both."""
    # BEGIN SOLUTION
    return w1 @ w2, b1 @ w2 + b2
    # END SOLUTION


# %%
check.collapse(collapse)

# %% [markdown]
# ## Exercise 3: an activation function
#
# What comes between two layers must not be a straight line: a *nonlinear* function, which is called
# the *activation function*. The simplest one is the *ReLU*. It passes what is positive, and blocks
# what is negative:
#
# $$
# \operatorname{relu}(x) = \max(x, 0)
# $$


# %%
def relu(x):
    """Set what is negative to zero, number by number."""
    # BEGIN SOLUTION
    return np.maximum(x, 0)
    # END SOLUTION


# %%
check.relu(relu)

# %% [markdown]
# ## Exercise 4: exactly one
#
# In step 2 the last question was whether one neuron can tell that *exactly one* of two pixels has
# ink. It cannot: a neuron draws a straight line between yes and no, and here no straight line will
# do. Two neurons in a *hidden* layer can. The output is given: it takes the first hidden neuron
# once, and the second minus two times:
#
# $$
# \text{output} = \operatorname{relu}(h_1) - 2 \operatorname{relu}(h_2)
# $$
#
# Find weights and biases of the two hidden neurons (each a column) so that the output is 0, 1, 1, 0
# for the inputs below. Think of $h_1$ as counting, and of $h_2$ as noticing that there are two.

# %%
corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
# BEGIN SOLUTION: hidden = (np.zeros((2, 2)), np.zeros(2))  # change weights and biases
hidden = (np.ones((2, 2)), np.array([0, -1]))
# END SOLUTION
print(relu(dense(corners, *hidden)) @ [1, -2])

# %%
check.exactly_one(hidden)

# %% [markdown]
# ## Exercise 5: the network
#
# Our reader will have 784 inputs, a hidden layer of 128 neurons, another one of 64, and 10 outputs,
# one for each digit. In how many numbers can training turn it into a reader? Count the parameters
# (weights and biases) of a network of dense layers of any sizes.


# %%
def count_parameters(sizes):
    """Count the parameters of dense layers; sizes is a list such as [784, 128, 64, 10]."""
    # BEGIN SOLUTION
    return sum((inputs + 1) * outputs for inputs, outputs in zip(sizes, sizes[1:]))
    # END SOLUTION


# %%
check.parameters(count_parameters)
print(count_parameters([784, 128, 64, 10]), "parameters")

# %% [markdown]
# Here it is, with random weights: a chain of functions. The factor $\sqrt{2 / \text{inputs}}$ keeps
# the numbers at about the same size from layer to layer, although ReLU drops half of them.

# %%
sizes = [784, 128, 64, 10]
network = [
    (rng.normal(size=(i, o)) * np.sqrt(2 / i), np.zeros(o)) for i, o in zip(sizes, sizes[1:])
]


def forward(network, x):
    """Compute the ten outputs for each image."""
    for weight, bias in network[:-1]:
        x = relu(dense(x, weight, bias))
    return dense(x, *network[-1])


scores = forward(network, x[:5000])
print("right by chance:", np.mean(scores.argmax(axis=1) == labels[:5000]))
show([x[0].reshape(28, 28)], titles=[labels[0]])
bars(np.abs(scores[0]) / np.abs(scores[0]).sum(), "sizes of the ten outputs: nonsense, so far")

# %% [markdown]
# A network that has learned nothing guesses. To learn, it has to know for each of its parameters in
# which direction to change it. With one neuron that was easy. With three layers it needs the chain
# rule.
#
# **Questions to think about**
#
# 1. What does the network give if all weights are 0? What if all neurons of a layer are the same?
# 2. Replace $\sqrt{2 / I}$ by 1, and look at the sizes of `scores`. And by 0.01?
# 3. Is $\max(x, 0)$ differentiable?
#
# ## Read on in inkdigits
#
# - `inkdigits.nn.layers.Dense` and `inkdigits.nn.layers.ReLU`: the same, with their derivatives
# - `inkdigits.nn.network.Network.forward`: the chain
# - `inkdigits.nn.initializers.he`: where the square root comes from
#
# Next: [4 · The chain rule](04-chain-rule.ipynb)
