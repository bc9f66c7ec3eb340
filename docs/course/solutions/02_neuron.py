# %% [markdown]
# # 2 · A neuron
#
# *About 30 minutes. You need step 1, and vectors.*
#
# At the end you can
#
# - compute a neuron by hand and in NumPy, for one image or for thousands at once,
# - see its weights as a picture of what it looks for,
# - let it learn from its own mistakes.

# %%
import numpy as np
from coursework.checks import neuron as check
from coursework.data import ink, load_digits
from coursework.plots import lines, show

training, validation = load_digits()
x, labels = ink(training), training.labels

# %% [markdown]
# ## Exercise 1: a weighted sum
#
# A neuron in this course is not a brain cell. It is a formula with inputs $x_1, \dots, x_n$, a
# *weight* for each of them, $w_1, \dots, w_n$, and one *bias* $b$:
#
# $$
# z = x_1 w_1 + x_2 w_2 + \dots + x_n w_n + b
# $$
#
# A positive weight says "ink here speaks for it", a negative one "ink here speaks against it", and
# the bias is the score of a blank sheet.


# %%
def neuron(x, weight, bias):
    """Compute one neuron.

    x, weight   arrays of n numbers
    bias        a number
    """
    # BEGIN SOLUTION
    return x @ weight + bias
    # END SOLUTION


# %%
check.neuron(neuron)

# %% [markdown]
# ## Weights by hand
#
# Is it a 0 or a 1? As weights, take the mean 0 minus the mean 1: positive (red) where zeros have
# ink and ones do not, negative (blue) the other way around.

# %%
zeros, ones = x[labels == 0], x[labels == 1]
weight = (zeros.mean(axis=0) - ones.mean(axis=0)).ravel()  # 784 numbers in one row
show([weight.reshape(28, 28)], signed=True)
print("a zero scores", neuron(zeros[0].ravel(), weight, 0))
print("a one scores ", neuron(ones[0].ravel(), weight, 0))

# %% [markdown]
# ## Exercise 2: all images at once
#
# With the images as the rows of a matrix $X$, all scores are one matrix product, $X w + b$. Write
# it without a loop.


# %%
def score_all(x, weight, bias):
    """Compute one neuron for many images.

    x        (N, n), an image in each row
    weight   (n,)
    returns  (N,), a score for each image
    """
    # BEGIN SOLUTION
    return x @ weight + bias
    # END SOLUTION


# %%
check.neurons(score_all)

# %% [markdown]
# ## Exercise 3: a bias
#
# We want positive scores for zeros and negative ones for ones. Without a bias, this does not quite
# work. Choose the bias so that halfway between the mean score of the zeros and the mean score of
# the ones, the neuron gives 0.

# %%
is_pair = (labels == 0) | (labels == 1)
pair, is_zero = x[is_pair].reshape(-1, 784), labels[is_pair] == 0
scores = score_all(pair, weight, 0)
print("mean score of zeros", scores[is_zero].mean(), "and of ones", scores[~is_zero].mean())

# BEGIN SOLUTION: bias = ...
bias = -(scores[is_zero].mean() + scores[~is_zero].mean()) / 2
# END SOLUTION

# %%
check.bias(bias, scores, is_zero)
print(f"{((scores + bias > 0) == is_zero).mean():.1%} of the zeros and ones are right")

# %% [markdown]
# ## Exercise 4: from a score to a probability
#
# Scores may be any numbers. The *sigmoid* squashes them into the range from 0 to 1, so that we can
# read them as "how likely is it a zero?":
#
# $$
# \sigma(z) = \frac{1}{1 + e^{-z}}
# $$


# %%
def sigmoid(z):
    """Squash any numbers into the range from 0 to 1."""
    # BEGIN SOLUTION
    return 1 / (1 + np.exp(-z))
    # END SOLUTION


# %%
check.sigmoid(sigmoid)
z = np.linspace(-6, 6, 100)
lines({"sigmoid": (z, sigmoid(z))}, "score z", "probability")

# %% [markdown]
# ## Exercise 5: learn from mistakes
#
# For 4 and 9, weights by hand are poor. So the neuron should find its weights itself. Show it one
# image after the other. Let $y = \sigma(z)$ be what it says, and $t$ what it should say (1 for a
# 4, 0 for a 9). Its *error* is $y - t$. After each image, take a small step against the error:
#
# $$
# w_i \leftarrow w_i - \eta \, (y - t) \, x_i \qquad b \leftarrow b - \eta \, (y - t)
# $$
#
# A pixel without ink did not contribute to the mistake, so its weight stays. $\eta$ is the
# *learning rate*, the size of the step.


# %%
def learn(weight, bias, x, error, learning_rate):
    """Take one step of learning; return the new weight and the new bias."""
    # BEGIN SOLUTION
    step = learning_rate * error
    return weight - step * x, bias - step
    # END SOLUTION


# %%
check.learn(learn)


# %%
def pictures_of(digits, first, second):
    """Return the images of two digits as rows, and whether each is the first."""
    chosen = (digits.labels == first) | (digits.labels == second)
    return ink(digits)[chosen].reshape(-1, 784), digits.labels[chosen] == first


pair, is_four = pictures_of(training, 4, 9)
unseen, unseen_is_four = pictures_of(validation, 4, 9)


def accuracy(weight, bias):
    """Return the share of unseen fours and nines that are right."""
    return ((score_all(unseen, weight, bias) > 0) == unseen_is_four).mean()


by_hand = pair[is_four].mean(axis=0) - pair[~is_four].mean(axis=0)
scores = score_all(pair, by_hand, 0)
halfway = -(scores[is_four].mean() + scores[~is_four].mean()) / 2
print(f"by hand: {accuracy(by_hand, halfway):.1%}")

weight, bias, history = np.zeros(784), 0.0, []
for number, (image, target) in enumerate(zip(pair, is_four)):
    error = sigmoid(neuron(image, weight, bias)) - target
    weight, bias = learn(weight, bias, image, error, learning_rate=0.01)
    if number % 200 == 0:
        history.append((number, accuracy(weight, bias)))

print(f"learned: {accuracy(weight, bias):.1%}")
lines({"4 or 9": tuple(zip(*history))}, "images seen", "accuracy on unseen digits")
show([by_hand.reshape(28, 28), weight.reshape(28, 28)], ["by hand", "learned"], signed=True)

# %% [markdown]
# With the real MNIST, the learned neuron gets about 96% of the unseen fours and nines, and the one
# by hand about 87%. The learned weights look noisier, but they look where it matters: at the gap at
# the top.
#
# **Questions to think about**
#
# 1. What does a neuron say if all its weights are 0? What would a *very* large bias do?
# 2. Try a learning rate of 1, and of 0.0001. What do you see in the curve?
# 3. Can one neuron tell whether *exactly one* of two pixels has ink? Try to find weights.
#
# ## Read on in inkdigits
#
# - `inkdigits.nn.layers.Sigmoid`: why it is computed with `tanh`
# - `inkdigits.nn.layers.Dense.forward`: many neurons at once, the next step
#
# Next: [3 · A layer](03-layer.ipynb)
