"""How many of a person's samples are recognized, by models that have not seen them."""

import threading
from collections import Counter, OrderedDict

from inkdigits.api import profile_schemas
from inkdigits.api.profile_access import current_model
from inkdigits.api.profile_responses import describe_model
from inkdigits.personal import Profile
from inkdigits.personal.adaptation import leave_one_out
from inkdigits.personal.sampling import prepare
from inkdigits.recognizer import Recognizer

# Each is left out of the fit once, so the time grows with the square of their number.
MAX_MEASURED = 100
MAX_KEPT = 256  # results, in each worker

_Key = tuple[str, int, str]  # profile, version, digest of the model


class ProfileAccuracies:
    """Measures the accuracy of profiles, once for each version and model."""

    def __init__(self) -> None:
        self._kept: OrderedDict[_Key, profile_schemas.ProfileAccuracy] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, profile: Profile, base: Recognizer) -> profile_schemas.ProfileAccuracy:
        """Measure, or return what was measured before.

        raises   UnprocessableEntity if the base is not a model of digits; ProfileError
        """
        current = current_model(profile, base)
        key = (profile.id, current.version, base.digest)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        samples = prepare(base, profile.samples()[-MAX_MEASURED:])
        labels = [sample.label for sample in samples]
        before = base.predict_candidates([sample.seen[None] for sample in samples])
        counts = Counter(labels)
        right_before = _right(labels, [prediction.digit for prediction in before])
        right_after = _right(labels, leave_one_out(base, samples))
        accuracy = profile_schemas.ProfileAccuracy(
            samples=len(samples),
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
            personal_model=describe_model(base, current.model),
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
