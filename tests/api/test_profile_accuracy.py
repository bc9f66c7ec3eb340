"""How many samples are recognized is measured anew whenever the samples are others."""

from dataclasses import replace

import numpy as np

from inkdigits import Recognizer
from inkdigits.api.profile_accuracy import ProfileAccuracies
from inkdigits.personal import Profile, sample_from_ink


def test_id_that_is_used_again_with_another_label_is_measured_anew(tmp_path):
    base = Recognizer.load("mlp")
    profile = Profile.create("Ada", consent=True, database=tmp_path / "profiles.sqlite3")
    ink = np.zeros((28, 28), np.uint8)
    ink[4:24, 13:16] = 255
    one = sample_from_ink(base, ink, 1)
    profile.add([one])
    accuracies = ProfileAccuracies()
    assert accuracies.of(profile, base).by_digit[1].samples == 1
    profile.remove([one.id])
    profile.add([replace(one, label=7)])
    assert accuracies.of(profile, base).by_digit[7].samples == 1
