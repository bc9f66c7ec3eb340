# %% [markdown]
# # 9 · Augmentation and other people's handwriting
#
# *About 30 minutes. You need steps 6 to 8.*
#
# At the end you can
#
# - say for whom a network works, and for whom it does not,
# - make new training digits from old ones, without making their labels wrong,
# - compare two networks fairly.

# %%
import numpy as np
from coursework.built import accuracy, convolutional_network, predict, train
from coursework.checks import handwriting as check
from coursework.data import ink, italian_digits, load_digits, made_digits
from coursework.plots import show

from inkdigits.metrics import rank_writers
from inkdigits.recipes import MILD

training, validation = load_digits()

# %% [markdown]
# ## Exercise 1: held-out writers
#
# From step 1 on, we have measured on people whose digits were never trained on. Now write that
# split. `writers` contains the writer of each digit. Return a Boolean array: true for all digits of
# some writers, chosen at random, about the given share *of the writers*.


# %%
def hold_out_writers(writers, share, rng):
    """Choose writers at random, and return which digits are theirs.

    writers  (N,), the writer of each digit
    share    of the writers, between 0 and 1
    returns  bool (N,)
    """
    # BEGIN SOLUTION
    names = rng.permutation(np.unique(writers))
    chosen = names[: round(share * len(names))]
    return np.isin(writers, chosen)
    # END SOLUTION


# %%
check.hold_out(hold_out_writers)
held_out = hold_out_writers(training.writers, 0.2, np.random.default_rng(0))
print(f"{held_out.sum()} digits of {len(set(training.writers[held_out]))} writers")

# %% [markdown]
# ## Whom does it fail?
#
# First, a network trained on MNIST alone, and its accuracy on three groups: MNIST's held-out
# writers; forms that are common in the world, but rare in MNIST, such as a 1 with a long
# upstroke, a crossed 7 or a looped 2 (drawn by a program: `inkdigits.data.made_digits`); and, if
# the file is installed, digits that people in Italy wrote.

# %%
x, labels = ink(training), training.labels
people = {"MNIST": validation, "other forms": made_digits(len(training) // 30, seed=1)}
italian = italian_digits()
if italian is not None:
    people["Italy"] = italian
for digits in people.values():
    some = digits.take(np.random.default_rng(0).permutation(len(digits))[:10])
    show(some.images, titles=some.labels)


# %%
def report(network, vector):
    """Print the accuracy for each group of people, and for the writers with the lowest."""
    for name, digits in people.items():
        print(f"{name:12} {accuracy(predict(network, vector, ink(digits)), digits.labels):.1%}")
    right = predict(network, vector, ink(validation)).argmax(axis=1) == validation.labels
    if validation.writers is not None:
        worst = rank_writers(right, validation.writers, min_digits=20)[:3]
        print("lowest of MNIST's writers:", ", ".join(f"{w.accuracy:.0%}" for w in worst))


network = convolutional_network()
plain = train(network, x, labels, epochs=3)
report(network, plain)

# %% [markdown]
# One number, about 98%, hides a lot. It is an average over people who all went to school in the
# same country.
#
# ## Exercise 2: shift
#
# The cheapest way to more training digits is to change those that we have: *augmentation*. Move an
# image down and to the right (negative numbers: up and to the left). What is moved in should be
# blank, and what is moved out is gone.


# %%
def shift(image, down, right):
    """Return the image, moved by whole pixels."""
    # BEGIN SOLUTION
    moved = np.roll(image, (down, right), (0, 1))
    if down > 0:
        moved[:down] = 0
    if down < 0:
        moved[down:] = 0
    if right > 0:
        moved[:, :right] = 0
    if right < 0:
        moved[:, right:] = 0
    return moved
    # END SOLUTION


# %%
check.shift(shift)
show([x[0], shift(x[0], 4, 0), shift(x[0], 0, -6)])

# %% [markdown]
# ## Exercise 3: a new batch each time
#
# Move each image of a batch at random, by -2 to 2 pixels in both directions: two random numbers for
# each image. Do not change the images that you are given.


# %%
def jitter(x, rng):
    """Move each image at random.

    x        (N, H, W)
    returns  (N, H, W)
    """
    # BEGIN SOLUTION
    return np.stack([shift(image, *rng.integers(-2, 3, 2)) for image in x])
    # END SOLUTION


# %%
check.jitter(jitter)

# %% [markdown]
# ## Exercise 4: turn
#
# To turn an image, compute for each of its points where it comes from. A rotation by an angle
# $\alpha$ multiplies the point, as a column, by
#
# $$
# R = \begin{pmatrix} \cos \alpha & -\sin \alpha \\ \sin \alpha & \cos \alpha \end{pmatrix}
# $$


# %%
def rotation(degrees):
    """Return the matrix of a rotation, as a 2 by 2 array."""
    # BEGIN SOLUTION
    angle = np.radians(degrees)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    # END SOLUTION


# %%
check.rotation(rotation)


# %%
def turn(image, degrees):
    """Turn an image around its middle."""
    rows, columns = np.indices(image.shape) - 13.5
    come_from = rotation(degrees) @ np.stack([columns.ravel(), rows.ravel()])
    column, row = np.clip(np.rint(come_from + 13.5).astype(int), 0, 27)
    return image[row, column].reshape(image.shape)


six = x[np.flatnonzero(labels == 6)[0]]
show([turn(six, degrees) for degrees in (-180, -30, -10, 0, 10, 30)], (-180, -30, -10, 0, 10, 30))

# %% [markdown]
# Look at the first one. By 180 degrees, a 6 is a 9, but the label would still say 6. **No change
# may be so strong that the label becomes wrong.** Ten degrees are safe. For a 1 with an upstroke,
# which resembles a 7, even that is a lot.
#
# The project's augmentation turns, shears, scales, bends like rubber, thickens, thins and adds
# noise. Three times the same digit:

# %%
repeated = np.repeat(x[:1], 10, axis=0)
show(MILD(repeated, np.random.default_rng(0)))

# %% [markdown]
# ## Does it help?
#
# Twice the same network and the same number of epochs, first with augmentation, and then with
# digits of other forms among the training digits, too. (Those we measure on are others, from
# another seed, but of the same forms. So "other forms" is then no longer a test of *unknown*
# handwriting. The Italian digits still are.)

# %%
print("with augmentation")
report(network, train(network, x, labels, epochs=3, augment=MILD))

# %%
more = made_digits(len(training) // 10, seed=2)
print(f"with augmentation and {len(more)} other forms")
both, both_labels = np.concatenate([x, ink(more)]), np.concatenate([labels, more.labels])
report(network, train(network, both, both_labels, epochs=3, augment=MILD))

# %% [markdown]
# Compare the three reports. With the real MNIST, augmentation alone gains little in so few epochs:
# a tenth of a point for MNIST's held-out writers, and a point for the Italian digits. The other
# forms gain five times as much, also for the Italians, whom the network has still never seen. No
# cleverness replaces training data from the people a program is for.
#
# Collect your class's: print a form, let everybody fill it in, and train on the digits. *Forms* and
# *Your own data* in the project's documents say how.
#
# **Questions to think about**
#
# 1. Which digits must not be mirrored? Which could be?
# 2. Why are the validation digits never augmented?
# 3. A bank wants to read checks from all over the world. What would you measure?
#
# ## Read on in inkdigits
#
# - `inkdigits.data.augment.Augment`: every change, with its limits
# - `inkdigits.data.made_digits.one_with_upstroke`: a billion people's 1
# - `inkdigits.metrics.measure_by_writer`: why averages need their writers
#
# Next: [10 · A reader of your own](10-reader.ipynb)
