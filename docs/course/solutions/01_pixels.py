# %% [markdown]
# # 1 · A pixel and an image
#
# *About 30 minutes. You need a little Python.*
#
# At the end you can
#
# - look at an image as a computer does: as a table of numbers,
# - change its pixels, and average thousands of images,
# - build a first reader of digits, and say honestly how good it is.
#
# Run a cell with **Shift+Enter**. Where you see `...`, it is your turn: replace it with your code,
# run the cell, and then run the check below it. A check tells you what is wrong, but not what is
# right. You may try as often as you like.

# %%
import numpy as np
from coursework.checks import pixels as check
from coursework.data import load_digits
from coursework.plots import show

# %% [markdown]
# ## Images are arrays
#
# MNIST is a set of digits that clerks and students in the USA wrote by hand around 1990. Of the
# 60,000 digits for training, we learn from most, and hold back those of about a sixth of the
# writers: people whose digits our programs never see until we want to know how good they are.

# %%
training, validation = load_digits()
print(len(training), "digits to learn from,", len(validation), "held back")
show(training.images[:10], titles=training.labels[:10])

# %% [markdown]
# One image is an array of 28 rows and 28 columns. Each number is a pixel, from 0 (blank) to 255
# (full ink): eight bits, the type `uint8`. Can you see the digit in the numbers?

# %%
image = training.images[0]
print(image.shape, image.dtype)
for row in image[4:26, 4:24]:
    print(" ".join(f"{pixel:3}" for pixel in row))

# %% [markdown]
# ## Exercise 1: write a seven
#
# `seven[6:9, 8:20] = 255` fills rows 6, 7, 8 and columns 8 to 19 with ink: first the row (counted
# from the top), then the column (counted from the left), both from 0. Draw a 7 of two bars: a
# horizontal one in the upper half, and a stem on the right.

# %%
seven = np.zeros((28, 28), np.uint8)
# BEGIN SOLUTION
seven[6:9, 8:20] = 255
seven[9:22, 17:20] = 255
# END SOLUTION
show([seven], titles=["my 7"])

# %%
check.seven(seven)

# %% [markdown]
# ## Exercise 2: from bytes to ink
#
# Careful, `uint8` cannot count beyond 255. What comes after 255 is 0 again:

# %%
print(np.array([200], np.uint8) + np.array([100], np.uint8))

# %% [markdown]
# So we calculate with fractions instead: 0 is blank, 1 is full ink. Write a function that turns
# any array of bytes into ink.


# %%
def to_ink(image):
    """Turn bytes, 0 to 255, into ink, 0 to 1."""
    # BEGIN SOLUTION
    return image / np.float32(255)
    # END SOLUTION


# %%
check.to_ink(to_ink)

# %% [markdown]
# `np.float32(255)` instead of `255` would keep the numbers at 32 bits, which is what networks use:
# 64 bits need twice the memory, and nobody writes that precisely.

# %%
x = to_ink(training.images)
labels = training.labels
print(x.shape, x.dtype, "from", x.min(), "to", x.max())

# %% [markdown]
# ## Exercise 3: the average digit
#
# `labels == 3` is an array of true and false, and `x[labels == 3]` are the images for which it is
# true. `x.mean(axis=0)` is the mean over the first axis only, the images: what remains is an image.
# Compute the mean image of each digit, as an array of ten images. (`np.stack` makes an array from
# a list of arrays of the same shape.)


# %%
def mean_images(x, labels):
    """Return the mean image of each digit, from 0 to 9."""
    # BEGIN SOLUTION
    return np.stack([x[labels == digit].mean(axis=0) for digit in range(10)])
    # END SOLUTION


# %%
check.mean_images(mean_images)

# %%
means = mean_images(x, labels)
show(means, titles=range(10))

# %% [markdown]
# ## Exercise 4: a first reader
#
# A new image is probably the digit whose mean image it resembles most. As the *distance* of two
# images, take the sum over all pixels of the squared differences:
#
# $$
# d(x, m) = \sum_{r, c} (x_{rc} - m_{rc})^2
# $$
#
# Return the digit, 0 to 9, whose mean image has the smallest distance.


# %%
def nearest(image, means):
    """Return the number of the mean image that is most similar to the image."""
    # BEGIN SOLUTION
    return ((means - image) ** 2).sum(axis=(1, 2)).argmin()
    # END SOLUTION


# %%
check.nearest(nearest)

# %% [markdown]
# How good is it? Ask it about digits of people whose handwriting it has never seen.

# %%
unseen = to_ink(validation.images)
answers = np.array([nearest(image, means) for image in unseen])
right = answers == validation.labels
print(f"{right.mean():.1%} of {len(right)} unseen digits are right")

wrong = np.flatnonzero(~right)[:10]
show(unseen[wrong], titles=[f"{validation.labels[i]} as {answers[i]}" for i in wrong])

# %% [markdown]
# About four of five are right. With the real MNIST that is 81%, from nothing but averages. Guessing
# would give 10%. Look at the mistakes: why does a slanted 1 or a wide 4 go wrong? A mean knows only
# *one* way to write a digit, and it is blurred wherever people differ.
#
# **Questions to think about**
#
# 1. What happens if a digit is shifted three pixels to the right? Try `np.roll(unseen, 3, axis=2)`.
# 2. Why do we not measure on the digits that made the means?
# 3. Which two digits are confused most often? (`np.bincount(answers[validation.labels == 4])`)
#
# ## Read on in inkdigits
#
# - `inkdigits.data.mnist.load`: how the files are read and verified
# - `inkdigits.data.split.split_by_writer`: why nobody is on both sides
# - `inkdigits.preprocessing.network_input`: the project's `to_ink`, in one line
#
# Next: [2 · A neuron](02-neuron.ipynb)
