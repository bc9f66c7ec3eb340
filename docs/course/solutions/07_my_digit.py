# %% [markdown]
# # 7 · Why it fails on my digit
#
# *About 30 minutes. You need step 6, and a digit of your own.*
#
# At the end you can
#
# - say why 97% on unseen digits does not mean that yours is among them,
# - find out what confuses a network, one change at a time,
# - turn any drawing into a picture as MNIST would have made it.
#
# **Before you start:** write a digit on paper and take a photo, or draw one in any paint program.
# Save it as `my-digit.png` in the folder of this notebook (JupyterLab: the upload arrow above the
# list of files). Without a file, an example is used.

# %%
import cv2
import numpy as np
from coursework.built import accuracy, dense_network, predict, softmax, train
from coursework.checks import my_digit as check
from coursework.data import ink, load_digits, load_picture
from coursework.plots import bars, lines, show

from inkdigits.preprocessing import PREPROCESSORS

training, validation = load_digits()
unseen, labels = ink(validation), validation.labels
network = dense_network()
vector = train(network, ink(training), training.labels, epochs=3)
print(f"{accuracy(predict(network, vector, unseen), labels):.1%} of the unseen digits are right")

# %% [markdown]
# ## It fails
#
# Now your digit, in the obvious way: to gray, to 28 by 28 pixels, and into the network.

# %%
picture = load_picture("my-digit.png")
gray = picture.mean(axis=2)
naive = cv2.resize(gray, (28, 28), interpolation=cv2.INTER_AREA) / 255
show([picture, naive], titles=["picture", "28 x 28"])
bars(softmax(predict(network, vector, naive[None].astype(np.float32)))[0], "what the network says")

# %% [markdown]
# The network sees a sheet full of ink, with a hole in the shape of a digit. It has never seen such
# a thing, and yet it answers, sometimes with great confidence.
#
# ## What confuses it?
#
# Change the unseen digits in one way at a time. Shift them to the right:

# %%
shifts = range(9)
shifted = [
    accuracy(predict(network, vector, np.roll(unseen, shift, axis=2)), labels) for shift in shifts
]
lines({"shifted": (shifts, shifted)}, "pixels to the right", "accuracy")
small = np.zeros_like(unseen)
small[:, 7:21, 7:21] = unseen[:, ::2, ::2]
print(f"inverted {accuracy(predict(network, vector, 1 - unseen), labels):.1%}")
print(f"half the size {accuracy(predict(network, vector, small), labels):.1%}")

# %% [markdown]
# A few pixels are enough. A weight belongs to *one* pixel: where the stroke used to be, there is
# now none. The network has learned MNIST's digits, with all that MNIST's makers did to them: light
# ink on black, the longer side 20 pixels, and the center of mass in the middle of 28 by 28. So let
# us do that to your picture. Each exercise is one step.
#
# ## Exercise 1: ink
#
# Which color is paper? The border of a picture mostly shows paper, so take the *median* of its
# pixels (the value in the middle, which a few dark ones do not change). Ink is what differs from
# it: the distance of each pixel from the background, scaled so that the strongest ink is 1.


# %%
def border(gray):
    """Return the pixels along the border, as one row."""
    return np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])


def ink_of(gray):
    """Return how much ink each pixel has, from 0 to 1, for any color of ink and paper."""
    # BEGIN SOLUTION
    difference = np.abs(gray - np.median(border(gray)))
    return difference / difference.max()
    # END SOLUTION


# %%
check.ink_of(ink_of)
strength = ink_of(gray)
show([strength], titles=["ink"])

# %% [markdown]
# ## Exercise 2: crop
#
# Cut out the smallest rectangle that has all pixels with more than 0.25 of ink.
# `(ink > 0.25).any(axis=1)` says which rows have such a pixel.


# %%
def crop(ink):
    """Return the part of the image that has ink."""
    # BEGIN SOLUTION
    rows = np.flatnonzero((ink > 0.25).any(axis=1))
    columns = np.flatnonzero((ink > 0.25).any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    # END SOLUTION


# %%
check.crop(crop)
digit = crop(strength)
show([digit], titles=["cropped"])

# %% [markdown]
# ## Exercise 3: size
#
# Scale it so that the *longer* side has 20 pixels, and both sides by the same factor: a 1 must stay
# narrow. Return the new height and width, rounded to whole pixels, and at least 1.


# %%
def new_size(height, width):
    """Return the new height and width."""
    # BEGIN SOLUTION
    factor = 20 / max(height, width)
    return max(1, round(height * factor)), max(1, round(width * factor))
    # END SOLUTION


# %%
check.new_size(new_size)
height, width = new_size(*digit.shape)
digit = cv2.resize(digit, (width, height), interpolation=cv2.INTER_AREA)
show([digit], titles=["20 pixels"])

# %% [markdown]
# ## Exercise 4: the center of mass
#
# If the image were cut from cardboard, as thick as it has ink, where would it balance on a needle?
# With $v_{rc}$ for the ink in row $r$ and column $c$:
#
# $$
# \bar r = \frac{\sum v_{rc} \, r}{\sum v_{rc}} \qquad \bar c = \frac{\sum v_{rc} \, c}{\sum v_{rc}}
# $$


# %%
def center_of_mass(ink):
    """Return the row and the column of the center of mass, which need not be whole numbers."""
    # BEGIN SOLUTION
    rows, columns = np.indices(ink.shape)
    return (ink * rows).sum() / ink.sum(), (ink * columns).sum() / ink.sum()
    # END SOLUTION


# %%
check.center_of_mass(center_of_mass)


# %%
def preprocess(gray):
    """Turn a gray picture into 28 by 28 pixels, as MNIST's makers did."""
    digit = crop(ink_of(gray))
    height, width = new_size(*digit.shape)
    digit = cv2.resize(digit, (width, height), interpolation=cv2.INTER_AREA)
    row, column = center_of_mass(digit)
    top = min(max(round(14 - row), 0), 28 - height)
    left = min(max(round(14 - column), 0), 28 - width)
    image = np.zeros((28, 28), np.float32)
    image[top : top + height, left : left + width] = digit
    return image


mine = preprocess(gray)
rgba = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
theirs = PREPROCESSORS["ink"].from_image(rgba) / np.float32(255)
show([naive, mine, theirs], titles=["before", "mine", "inkdigits"])
bars(softmax(predict(network, vector, mine[None]))[0], "what the network says now")

# %% [markdown]
# And the shifted digits? What comes out of `preprocess` does not depend on where the digit was:

# %%
some = slice(0, 1000)
moved = np.roll(unseen[some], 4, axis=2)
before = accuracy(predict(network, vector, moved), labels[some])
repaired = np.stack([preprocess(image) for image in moved])
after = accuracy(predict(network, vector, repaired), labels[some])
print(f"shifted by 4 pixels: {before:.1%}, and after preprocessing: {after:.1%}")

# %% [markdown]
# **The rule to remember:** what a network sees later has to look like what it has learned from. The
# same function should make both.
#
# Is your digit still wrong? Then look at the middle picture above, not at the network: would *you*
# recognize it? Shadows, ruled paper, a thumb in the corner and very thin or thick pens are not
# handled by our four steps. Pictures of that kind are why the project's `ink` has a dozen.
#
# **Questions to think about**
#
# 1. Why the median of the border, and not the mean?
# 2. Which step would a photo with a shadow break?
# 3. If the center of mass is in the middle, is the digit always in the middle?
#
# Try it: open the page (`inkdigits serve --open`), choose the view "Inside", and draw. The first
# picture in the chain is what the network saw. Turn off "Preprocessing", and see it fail.
#
# ## Read on in inkdigits
#
# - `inkdigits.preprocessing.ink.from_image`: the same four steps, and more
# - `inkdigits.preprocessing.segmentation.extract_ink`: paper in bad light
# - `inkdigits.preprocessing.stroke_width.normalize_stroke_width`: thin and thick pens
#
# Next: [8 · Convolution](08-convolution.ipynb)
