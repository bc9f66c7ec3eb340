# %% [markdown]
# # 5 · Softmax and cross-entropy
#
# *About 30 minutes. You need steps 3 and 4, and logarithms.*
#
# At the end you can
#
# - turn ten scores into ten probabilities without overflow,
# - measure how wrong a network is, with one number,
# - derive the most famous gradient of all: output minus target.

# %%
import numpy as np
from coursework.built import dense
from coursework.checks import softmax as check
from coursework.data import ink, load_digits
from coursework.plots import bars, lines, show

from inkdigits.nn.losses import one_hot, softmax_cross_entropy

training, validation = load_digits()
x, labels = ink(training).reshape(-1, 784), training.labels

# %% [markdown]
# ## Exercise 1: softmax
#
# The last layer gives ten scores, the *logits* $z_0, \dots, z_9$. They may be negative, and do not
# add up to anything. Probabilities should be positive and add up to 1. The *softmax* does that:
#
# $$
# p_j = \frac{e^{z_j}}{\sum_k e^{z_k}}
# $$
#
# Only differences count: if $c$ is added to all logits, $e^c$ cancels. So you may subtract each
# row's largest logit first, and you must: $e^{1000}$ is too large for a computer.


# %%
def softmax(z):
    """Turn each row of logits into probabilities.

    z        (N, C)
    returns  (N, C), in which each row adds up to 1
    """
    # BEGIN SOLUTION
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)
    # END SOLUTION


# %%
check.softmax(softmax)
logits = np.array([[0.0, 0, 0, 0, 4, 0, 0, 0, 0, 3]])
bars(softmax(logits)[0], "a 4 with a logit of 4, which may be a 9 with a logit of 3")

# %% [markdown]
# ## Exercise 2: how wrong?
#
# If the right answer is digit $r$, how surprised should the network be? If $p_r = 1$, not at all.
# If $p_r$ is tiny, very much. $-\log p_r$ measures that:

# %%
p = np.linspace(0.005, 1, 200)
lines({"surprise": (p, -np.log(p))}, "probability of the right answer", "loss")

# %% [markdown]
# The mean over all images is the *cross-entropy*, our loss:
#
# $$
# L = -\frac{1}{N} \sum_n \log p_{n, r_n}
# $$


# %%
def cross_entropy(p, labels):
    """Return the loss, a number.

    p        (N, C), probabilities
    labels   (N,), the right answers
    """
    # BEGIN SOLUTION
    return -np.log(p[np.arange(len(p)), labels]).mean()
    # END SOLUTION


# %%
check.cross_entropy(cross_entropy)

# %% [markdown]
# ## Exercise 3: what to expect
#
# What is the loss of a network that knows nothing, and gives each of the ten digits the same
# probability? Work it out (`np.log` is the natural logarithm) before you look at the cell below the
# check.

# %%
# BEGIN SOLUTION: know_nothing = ...
know_nothing = np.log(10)
# END SOLUTION

# %%
check.know_nothing(know_nothing)
print(cross_entropy(softmax(np.zeros((len(x), 10))), labels))

# %% [markdown]
# ## Exercise 4: the gradient
#
# For one image, $L = -\log p_r = -z_r + \log \sum_k e^{z_k}$. Its derivative with respect to logit
# $z_j$ is
#
# $$
# \frac{\partial L}{\partial z_j} = \frac{e^{z_j}}{\sum_k e^{z_k}} - [j = r] = p_j - t_j
# $$
#
# where the *target* $t_j$ is 1 for the right answer and 0 for all others. Logarithm and exponential
# cancel, and what remains is output minus target: the rule by which the neuron of step 2 learned.
# With the mean over $N$ images, everything is divided by $N$.


# %%
def logits_gradient(p, labels):
    """Return the gradient of the cross-entropy at the logits, (N, C)."""
    # BEGIN SOLUTION
    targets = np.eye(p.shape[1])[labels]
    return (p - targets) / len(p)
    # END SOLUTION


# %%
check.logits_gradient(logits_gradient)

# %% [markdown]
# Check it numerically, and against the project, which computes loss and gradient together:

# %%
rng = np.random.default_rng(0)
z, right = rng.normal(size=(4, 10)), np.array([3, 1, 4, 1])
above, below = z.copy(), z.copy()
above[2, 4] += 1e-5
below[2, 4] -= 1e-5
numerical = (cross_entropy(softmax(above), right) - cross_entropy(softmax(below), right)) / 2e-5
print("formula", logits_gradient(softmax(z), right)[2, 4], "numerically", numerical)

their_loss, their_backward = softmax_cross_entropy(z, one_hot(10)[right])
print("loss", cross_entropy(softmax(z), right), "and inkdigits", their_loss)
print("largest difference", np.abs(their_backward() - logits_gradient(softmax(z), right)).max())

# %% [markdown]
# ## It learns
#
# With one dense layer, you now have all parts: forward, loss, gradient, step. Ten neurons look at
# all images at once, 60 times.

# %%
weight, bias, history = np.zeros((784, 10), np.float32), np.zeros(10, np.float32), []
for _ in range(60):
    p = softmax(dense(x, weight, bias))
    history.append(cross_entropy(p, labels))
    dz = logits_gradient(p, labels).astype(np.float32)
    weight -= 0.5 * (x.T @ dz)
    bias -= 0.5 * dz.sum(axis=0)

unseen = ink(validation).reshape(-1, 784)
right = dense(unseen, weight, bias).argmax(axis=1) == validation.labels
print(f"first loss {history[0]:.3f}, last loss {history[-1]:.3f}, {right.mean():.1%} unseen right")
lines({"loss": (range(60), history)}, "step", "loss")
show(weight.T.reshape(10, 28, 28), titles=range(10), signed=True)

# %% [markdown]
# Ten pictures of weights, learned from nothing but a number that says how wrong. Each says what
# speaks for (red) and against (blue) its digit. With the real MNIST, this gets about 89% of the
# unseen digits; the means of step 1 got 81%.
#
# **Questions to think about**
#
# 1. The gradients of the ten logits of an image add up to 0. Why?
# 2. If a network is always sure and is right 99 times of 100, what is its loss?
# 3. What happens with a learning rate of 5 instead of 0.5? Why?
#
# ## Read on in inkdigits
#
# - `inkdigits.nn.losses.softmax` and `inkdigits.nn.losses.softmax_cross_entropy`
# - `inkdigits.nn.losses.LabelSmoothing`: targets that are not quite 0 and 1, and why
#
# Next: [6 · A training loop](06-training-loop.ipynb)
