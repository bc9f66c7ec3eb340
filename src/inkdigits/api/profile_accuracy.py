"""How many of a person's samples are recognized, by models that have not seen them."""

import threading
from collections import Counter, OrderedDict

from inkdigits.api import profile_schemas
from inkdigits.api.profile_responses import describe_model
from inkdigits.personal import Profile
from inkdigits.personal.adaptation import leave_one_out
from inkdigits.personal.records import fingerprint
from inkdigits.personal.sampling import prepare
from inkdigits.recognizer import Recognizer

# Each is left out of the fit once, so the time grows with the square of their number.
MAX_MEASURED = 100
MAX_KEPT = 256  # results, in each worker

_Key = tuple[str, str, str]  # profile, fingerprint of its samples, digest of the model


class ProfileAccuracies:
    """Measures the accuracy of profiles, once for the same samples and model."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, profile_schemas.ProfileAccuracy] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, profile: Profile, base: Recognizer) -> profile_schemas.ProfileAccuracy:
        """Measure, or return what was measured before.

        base     a model of digits
        raises   ProfileError
        """
        samples = profile.samples()
        # With the label: an ID that is removed and used again may be that of another sample.
        ids = [f"{sample.id} {sample.label}" for sample in samples]
        key = (profile.id, fingerprint(ids), base.digest)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        measured = prepare(base, samples[-MAX_MEASURED:])
        labels = [sample.label for sample in measured]
        before = base.predict_candidates([sample.seen[None] for sample in measured])
        counts = Counter(labels)
        right_before = _right(labels, [prediction.digit for prediction in before])
        right_after = _right(labels, leave_one_out(base, measured))
        accuracy = profile_schemas.ProfileAccuracy(
            samples=len(measured),
            right_before=right_before.total(),
            right_after=right_after.total(),
            by_digit=[
                profile_schemas.DigitAccuracy(
                    samples=counts[digit],
                    right_before=right_before[digit],
                    right_after=right_after[digit],
                )
                for digit in range(10)
            ],
            personal_model=describe_model(base, profile.personal_model(base)),
        )
        with self._lock:
            self._kept[key] = accuracy
            while len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return accuracy


def _right(labels: list[int], digits: list[int | None]) -> Counter[int]:
    """Count the right predictions of each digit."""
    pairs = zip(labels, digits, strict=True)
    return Counter(label for label, digit in pairs if digit == label)
