# %% [markdown]
# # 10 · A reader of your own
#
# *About 30 minutes. You need steps 5 to 9, and your digit.*
#
# At the end you have
#
# - a reader that says how sure it is, and means it,
# - that says "this is not a digit" to a letter or a scribble,
# - as a model file, with which the page of `inkdigits` reads *your* digit.

# %%
from pathlib import Path

import numpy as np
from coursework.built import accuracy, convolutional_network, cross_entropy, predict, softmax, train
from coursework.checks import reader as check
from coursework.data import load_digits, load_picture, load_test_digits, made_digits
from coursework.plots import bars, lines, show

from inkdigits import Recognizer
from inkdigits.data import outliers
from inkdigits.model_file import Model, save_model
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import MILD

training, validation = load_digits()

# %% [markdown]
# ## The data
#
# Everything from the earlier steps comes together. The training digits go through the function that
# every drawing will go through later (step 7). Digits of other forms join them (step 9). And there
# is something new: pictures that are *not* digits, so that the network can learn to say so. The
# project draws letters, scribbles, shapes and patches. They get the label 10.

# %%
clean = PREPROCESSORS["ink"].from_mnist
made = made_digits(len(training) // 10, seed=2)
images = np.concatenate([clean(training.images), made.images])
labels = np.concatenate([training.labels, made.labels])
others = outliers.make(len(images) // 10, seed=0, images=images, labels=labels)
show(others[:10])

x = np.concatenate([images, others]) / np.float32(255)
labels = np.concatenate([labels, np.full(len(others), 10)])
unseen, unseen_labels = clean(validation.images) / np.float32(255), validation.labels

# %%
network = convolutional_network(outputs=11)
vector = train(network, x, labels, epochs=4, augment=MILD)
logits = predict(network, vector, unseen)
print(f"{accuracy(logits, unseen_labels):.1%} of the unseen digits are right")

# %% [markdown]
# ## Exercise 1: temperature
#
# For the ten digits, only their ten logits count. Of all answers with a confidence of 90%, nine of
# ten should be right: then the network is *calibrated*. If it is too sure or not sure enough,
# divide all logits by a *temperature* $T$ before the softmax:
#
# $$
# p = \operatorname{softmax}(z / T)
# $$
#
# You may use `softmax` from step 5.


# %%
def with_temperature(logits, temperature):
    """Return the probabilities at a temperature."""
    # BEGIN SOLUTION
    return softmax(logits / temperature)
    # END SOLUTION


# %%
check.temper(with_temperature)

# %% [markdown]
# ## Exercise 2: is it calibrated?
#
# Sort the answers into ten groups by their confidence: 0 to 0.1, 0.1 to 0.2, and so on. In each
# group, compare the mean confidence with the share of right answers. The *calibration error* is the
# mean of these distances, in which each group counts by its share of the answers:
#
# $$
# \sum_g \frac{n_g}{N} \, \bigl| \text{confidence}_g - \text{accuracy}_g \bigr|
# $$


# %%
def calibration_error(confidence, right):
    """Return the calibration error.

    confidence   (N,), from 0 to 1
    right        bool (N,), whether each answer is right
    """
    group = np.minimum((confidence * 10).astype(int), 9)  # 0 to 9 for each answer
    error = 0.0
    for number in range(10):
        inside = group == number
        if inside.any():
            # BEGIN SOLUTION
            gap = abs(confidence[inside].mean() - right[inside].mean())
            error += inside.mean() * gap
            # END SOLUTION
    return error


# %%
check.calibration_error(calibration_error)

# %% [markdown]
# ## Exercise 3: the best temperature
#
# A temperature never changes which digit is the most likely one. So choose it by the cross-entropy
# on digits that were not trained on: from a list, return the temperature with the smallest loss.


# %%
def best_temperature(logits, labels, temperatures):
    """Return the temperature with the lowest cross-entropy."""
    # BEGIN SOLUTION
    losses = [cross_entropy(with_temperature(logits, t), labels) for t in temperatures]
    return temperatures[np.argmin(losses)]
    # END SOLUTION


# %%
check.best_temperature(best_temperature)

# %%
digit_logits = logits[:, :10]
right = digit_logits.argmax(axis=1) == unseen_labels
candidates = np.arange(0.5, 2.01, 0.05)
temperature = float(best_temperature(digit_logits, unseen_labels, candidates))
for t in (0.5, 1.0, temperature, 2.0):
    confidence = with_temperature(digit_logits, t).max(axis=1)
    print(f"temperature {t:.2f}: calibration error {calibration_error(confidence, right):.4f}")

# %% [markdown]
# ## Exercise 4: not a digit
#
# How much more likely does the network find "not a digit" than all ten digits together? In
# probabilities that is $p_{10} / (p_0 + \dots + p_9)$. Its logarithm is the *rejection score*:
#
# $$
# s = z_{10} - \log \sum_{j < 10} e^{z_j}
# $$


# %%
def rejection_score(logits):
    """Return the score of each image, (N,), from its eleven logits."""
    # BEGIN SOLUTION
    return logits[:, 10] - np.log(np.exp(logits[:, :10]).sum(axis=1))
    # END SOLUTION


# %%
check.rejection_score(rejection_score)

# %% [markdown]
# ## Exercise 5: a threshold
#
# A picture is rejected if its score is *above* a threshold. A real digit that is rejected is
# annoying, so choose the lowest threshold that rejects at most a given share of the real digits:
# of 200 scores and a share of 0.01, two lie above it. (Round the number down.)


# %%
def choose_threshold(scores, share):
    """Return the lowest of the scores above which at most this share of them lies."""
    # BEGIN SOLUTION
    allowed = int(share * len(scores))
    return np.sort(scores)[len(scores) - 1 - allowed]
    # END SOLUTION


# %%
check.threshold(choose_threshold)

# %%
scores = rejection_score(logits)
threshold = float(choose_threshold(scores, 0.01))
count = max(len(unseen) // 10, 50)
new_others = outliers.make(count, seed=9, images=images, labels=labels[: len(images)])
other_logits = predict(network, vector, new_others / np.float32(255))
other_scores = rejection_score(other_logits)
confident = with_temperature(other_logits[:, :10], temperature).max(axis=1) > 0.9
print(f"digits rejected: {np.mean(scores > threshold):.1%}")
print(f"non-digits rejected: {np.mean(other_scores > threshold):.1%}")
print(f"non-digits for which the ten digits alone give more than 90%: {np.mean(confident):.0%}")
points = np.sort(scores)[:: max(len(scores) // 100, 1)]
curves = {
    "digits": (points, [np.mean(scores > point) for point in points]),
    "non-digits": (points, [np.mean(other_scores > point) for point in points]),
}
lines(curves, "threshold", "share rejected")

# %% [markdown]
# The third number is why we need an eleventh output: softmax only knows *which* digit, not
# *whether*. Be honest about the second one, though. These non-digits are of the kinds that were
# trained on. Others will slip through.
#
# ## Your reader
#
# A model file of `inkdigits` has everything: the network, its weights, the preprocessing, the
# temperature and the threshold.

# %%
model = Model(
    network=network,
    vector=vector,
    preprocessing="ink",
    tta=False,
    recipe="course",
    summary="A reader made in the course.",
    temperature=temperature,
    rejection_threshold=threshold,
)
save_model("my-reader.safetensors", model)
print(Path("my-reader.safetensors").stat().st_size, "bytes")

# %% [markdown]
# And now, at last, your own digit, from the picture to the answer:

# %%
reader = Recognizer.load("my-reader.safetensors")
picture = load_picture("my-digit.png")
prediction = reader.recognize(picture)
show([picture, prediction.seen], titles=["picture", "what it saw"])
bars(prediction.probabilities, f"answer: {prediction.label or 'not a digit'}")

# %% [markdown]
# ## The test set, once
#
# The 10,000 test digits have waited untouched. All choices are made, so now, and only now:

# %%
test = load_test_digits()
batch = reader.predict_batch(reader.preprocess_mnist(test.images))
print(f"{np.mean(batch.probabilities.argmax(axis=1) == test.labels):.2%} of the test digits")

# %% [markdown]
# ## Draw on it
#
# Open a terminal (in JupyterLab: File, New, Terminal) in this folder, and run
#
#     inkdigits serve --model my-reader.safetensors --open
#
# The page is now *your* reader. Draw, let friends draw, try letters. In the view "Inside" you see
# every number that you have learned to compute. With `--model cnn-small` you get the project's own
# network, for comparison: it has seen many more people.
#
# **Questions to think about**
#
# 1. Your reader is 99% sure, and wrong. What would you like it to do?
# 2. Whom would a threshold hurt that rejects 1% of all digits, but half of one person's?
# 3. What would you need to read letters?
#
# ## Read on in inkdigits
#
# - `inkdigits.calibration.fit_temperature` and `inkdigits.calibration.fit_rejection_threshold`
# - `inkdigits.recognizer.Recognizer`: the only path from a picture to an answer
# - `inkdigits.data.outliers.make`: all kinds of non-digits
# - `inkdigits.metrics.measure`: accuracy with its uncertainty, and more
#
# You have built all of it. Well done.
