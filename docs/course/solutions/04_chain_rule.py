# %% [markdown]
# # 4 · The chain rule
#
# *About 30 minutes. You need step 3, and derivatives.*
#
# At the end you can
#
# - compute any derivative numerically, as a check,
# - carry a gradient backwards through a dense layer and a ReLU,
# - say what backpropagation is in one sentence.

# %%
import numpy as np
from coursework.built import dense, relu
from coursework.checks import chain_rule as check

from inkdigits.nn.layers import Dense, ReLU
from inkdigits.nn.network import Network

# %% [markdown]
# ## Exercise 1: one weight, by hand
#
# A neuron with one input says $y = x w + b$. It should say $t$. As its *loss* take the square
# $L = (y - t)^2$: zero if it is right, and larger the more it is wrong. If we change the weight a
# little, how does the loss change? The chain rule says: the derivative of the outer function times
# the derivative of the inner one.
#
# $$
# \frac{\partial L}{\partial w} = \frac{\partial L}{\partial y} \cdot \frac{\partial y}{\partial w}
# $$
#
# Write the formula of $\partial L / \partial w$ with `x`, `w`, `b` and `t`.

# %%
x, w, b, t = 3.0, 0.5, -1.0, 2.0
# BEGIN SOLUTION: by_hand = ...
by_hand = 2 * (x * w + b - t) * x
# END SOLUTION

# %%
check.by_hand(by_hand, x, w, b, t)
print("derivative", by_hand)
print("A larger weight makes the loss", "smaller" if by_hand < 0 else "larger")

# %% [markdown]
# ## Exercise 2: a derivative without thinking
#
# A derivative is a slope. So move one number by a tiny $h$ in either direction, and see how the
# function changes:
#
# $$
# \frac{\partial f}{\partial x_i} \approx
# \frac{f(\dots, x_i + h, \dots) - f(\dots, x_i - h, \dots)}{2h}
# $$
#
# It is slow (two calls for each number, and our network has 109,386), but it cannot be wrong in the
# same way as a formula. So it is how formulas are checked. Use $h = 10^{-5}$: larger is less exact,
# and much smaller drowns in rounding. Do not change `x` itself: work on copies.


# %%
def slope(f, x, index):
    """Return the derivative of f with respect to x[index], numerically.

    f   takes an array such as x, and returns a number
    """
    h = 1e-5
    # BEGIN SOLUTION
    above, below = x.copy(), x.copy()
    above[index] += h
    below[index] -= h
    return (f(above) - f(below)) / (2 * h)
    # END SOLUTION


# %%
check.slope(slope)


# %%
def loss_of_weight(weight):
    """Return the loss of exercise 1 for an array with one weight."""
    return (x * weight[0] + b - t) ** 2


print("numerically", slope(loss_of_weight, np.array([w]), 0), "by hand", by_hand)

# %% [markdown]
# ## Exercise 3: backwards through a dense layer
#
# From here on, `dy` means "the derivative of the loss with respect to y", an array of the shape of
# `y`. A layer gets `dy` from the layer after it, and owes three answers: how the loss depends on
# its weights, on its biases, and on its input. For $y_{no} = \sum_i x_{ni} W_{io} + b_o$:
#
# - $W_{io}$ meets input $i$ of every image: $dW_{io} = \sum_n x_{ni} \, dy_{no}$
# - $b_o$ is added for every image: $db_o = \sum_n dy_{no}$
# - $x_{ni}$ goes to every neuron: $dx_{ni} = \sum_o dy_{no} \, W_{io}$
#
# Write these three sums as NumPy. Two are matrix products, in which something is transposed (`.T`).


# %%
def dense_backward(dy, x, weight):
    """Return dx, dweight and dbias.

    dy      (N, O)
    x       (N, I), what the layer was given
    weight  (I, O)
    """
    # BEGIN SOLUTION
    return dy @ weight.T, x.T @ dy, dy.sum(axis=0)
    # END SOLUTION


# %%
check.dense_backward(dense_backward)

# %% [markdown]
# ## Exercise 4: backwards through a ReLU
#
# Where its input `x` was positive, the ReLU passes it on, so its slope is 1. Where it was negative,
# the output stays 0 when the input changes a little, so its slope is 0. (At exactly 0 the
# derivative is not defined. Like everyone else, we use 0.)


# %%
def relu_backward(dy, x):
    """Return dx."""
    # BEGIN SOLUTION
    return dy * (x > 0)
    # END SOLUTION


# %%
check.relu_backward(relu_backward)

# %% [markdown]
# ## Exercise 5: backwards through a network
#
# A network of two layers: $h = x W_1 + b_1$, then $y = \operatorname{relu}(h) W_2 + b_2$. Its
# gradients follow from your functions, last layer first. `h` is the value before the ReLU.


# %%
def backward(dy, x, h, w1, w2):
    """Return dw1, db1, dw2 and db2."""
    # BEGIN SOLUTION
    da, dw2, db2 = dense_backward(dy, relu(h), w2)
    dh = relu_backward(da, h)
    _, dw1, db1 = dense_backward(dh, x, w1)
    return dw1, db1, dw2, db2
    # END SOLUTION


# %%
check.chain(backward)

# %% [markdown]
# ## Gradient check
#
# Is it really the gradient? Take a small network, some loss, and compare a few derivatives with the
# numerical ones. They should agree to about eight digits.

# %%
rng = np.random.default_rng(0)
x, goal = rng.normal(size=(6, 4)), rng.normal(size=(6, 3))
w1, b1, w2, b2 = rng.normal(size=(4, 5)), np.zeros(5), rng.normal(size=(5, 3)), np.zeros(3)


def loss_of_first_weights(weights):
    """Return the sum of squares for other weights of the first layer, as one row."""
    y = dense(relu(dense(x, weights.reshape(4, 5), b1)), w2, b2)
    return ((y - goal) ** 2).sum()


h = dense(x, w1, b1)
dy = 2 * (dense(relu(h), w2, b2) - goal)
dw1, db1, dw2, db2 = backward(dy, x, h, w1, w2)
for index in (0, 7, 19):
    numerical = slope(loss_of_first_weights, w1.ravel(), index)
    print(f"weight {index:2}: backward {dw1.ravel()[index]:.8f}, numerically {numerical:.8f}")

# %% [markdown]
# And the project? In `inkdigits`, `forward` returns the output *and* the function that goes back.
# It is the same chain, and gives the same numbers:

# %%
network = Network((Dense(4, 5), ReLU(), Dense(5, 3)))
vector = np.concatenate([array.ravel() for array in (w1, b1, w2, b2)])
gradient = np.empty_like(vector)
y, network_backward = network.forward(network.layer_params(vector), x)
network_backward(2 * (y - goal), network.layer_params(gradient))
mine = np.concatenate([array.ravel() for array in (dw1, db1, dw2, db2)])
print("largest difference", np.abs(gradient - mine).max())

# %% [markdown]
# The view "Train" of the project's page (`make run`) makes the same check while a network learns:
# pause it, and click "One step".
#
# **In one sentence:** backpropagation computes the derivatives of the loss with respect to all
# parameters in one pass from the last layer to the first, because each layer needs only the
# gradient at its own output.
#
# **Questions to think about**
#
# 1. Two calls of `f` for each of 109,386 parameters, or one pass backwards: how much faster is it?
# 2. In step 2 the neuron learned with $w_i \leftarrow w_i - \eta \, (y - t) \, x_i$. Which of
#    today's formulas does that look like?
# 3. A neuron gives a negative number for *every* image. What is the gradient of its weights after
#    the ReLU? (This is called a dead neuron.)
#
# ## Read on in inkdigits
#
# - `inkdigits.nn.layers.Dense.forward`: `backward` stands right below the formula it belongs to
# - `inkdigits.nn.network.Network.forward`: ten lines for a network of any length
# - In the project's documents, *How it works* derives every layer, and has a worked example
#
# Next: [5 · Softmax and cross-entropy](05-softmax.ipynb)
