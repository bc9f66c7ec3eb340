"""What all parts explain: one picture, the prediction for it, and the network's pass over it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.calibration import ALTERNATIVE_PENALTY
from inkdigits.explain.passes import Pass
from inkdigits.inference import are_unsure
from inkdigits.preprocessing import network_input
from inkdigits.recognizer import Prediction, Recognizer


@dataclass(frozen=True, eq=False)
class Subject:
    """One prediction that is explained.

    recognizer  whose prediction it is
    prediction  with the picture that the network saw
    candidate   which of the candidates for that picture it is; 0 is the likeliest
    """

    recognizer: Recognizer
    prediction: Prediction
    candidate: int

    @property
    def picture(self) -> Pixels:
        """What the network saw, uint8 (28, 28)."""
        return self.prediction.seen

    @cached_property
    def forward(self) -> Pass:
        """The plain forward pass, without test-time augmentation."""
        model = self.recognizer.model
        return Pass(model.network, model.vector, network_input(self.picture[None]))

    @property
    def is_augmented(self) -> bool:
        """Whether the prediction is of averaged logits, not of those of the plain pass."""
        is_asked = self.prediction.reason != "blank" and self.recognizer.model.tta
        return bool(is_asked and are_unsure(self.forward.logits[None])[0])

    @property
    def penalty(self) -> float:
        """What was added to the rejection score, as to those of all but the likeliest candidate."""
        is_penalized = self.candidate > 0 and self.recognizer.rejection_threshold is not None
        return ALTERNATIVE_PENALTY if is_penalized else 0.0

    def find_target(self, name: str | None) -> int:
        """Find the class to explain.

        name     None is the most likely class; of a blank image, that of the plain pass
        returns  its index in the model's class names
        raises   ValueError if there is no such class
        """
        names = self.recognizer.model.class_names
        if name is None:
            is_blank = self.prediction.reason == "blank"
            values: Array = (
                self.forward.logits if is_blank else np.array(self.prediction.probabilities)
            )
            return int(values[: len(self.prediction.probabilities)].argmax())
        if name not in names:
            raise ValueError(f"The target {name[:40]!a} is not one of {', '.join(names)}.")
        return names.index(name)
