"""A personal model: what one person's samples change in a model."""

from dataclasses import dataclass

from inkdigits.arrays import Array
from inkdigits.inference import may_overflow
from inkdigits.personal.head import Head, with_tensors
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError, invalid_file
from inkdigits.storage.tensors import pack_tensors, unpack_tensors

NAME = "The personal model"  # in errors: it has no file of its own
FORMAT = 1


@dataclass(frozen=True, eq=False)
class PersonalModel:
    """What was learned from a person's samples: a change of a model's parameters.

    digest         SHA-256 of the file of the model that was adapted
    tensors        float32, the new values of some parameters by name; none if nothing changes
    strength       1 for the change as it was fitted; less if it was weakened, because other
                   people's digits suffered; 0 if the model is left as it was
    others_before  share of other people's digits that the model recognizes ...
    others_after   ... and the personal model; None if no such digits ship for the model
    """

    digest: str
    tensors: dict[str, Array]
    strength: float = 1.0
    others_before: float | None = None
    others_after: float | None = None

    def recognizer(self, base: Recognizer) -> Recognizer:
        """Return a recognizer with the personal model.

        base     the recognizer that was adapted
        raises   ValueError if it is another model
        """
        if base.digest != self.digest:
            raise ValueError("the personal model is of another model")
        return with_tensors(base, self.tensors)

    def to_bytes(self) -> bytes:
        """Return it as a verified file; see `from_bytes`."""
        document = {
            "format": FORMAT,
            "digest": self.digest,
            "strength": self.strength,
            "others": [self.others_before, self.others_after],
        }
        return pack_tensors(self.tensors, document, path=NAME)

    @classmethod
    def from_bytes(cls, data: bytes, base: Recognizer) -> "PersonalModel":
        """Read what `to_bytes` wrote.

        base     the recognizer that was adapted
        raises   FileError if it is damaged, or does not fit the recognizer's model
        """
        tensors, document, _ = unpack_tensors(data, path=NAME)
        match document:
            case {
                "format": 1,
                "digest": base.digest,
                "strength": int() | float() as strength,
                "others": [int() | float() | None as before, int() | float() | None as after],
            } if 0 <= strength <= 1:
                pass
            case _:
                raise invalid_file(NAME, "it is of another model or another version of inkdigits")
        head = Head.of(base)
        expected = {name: array.shape for name, array in head.tensors(head.vector).items()}
        if tensors and {name: tensor.shape for name, tensor in tensors.items()} != expected:
            raise invalid_file(NAME, "its tensors are not those of the layers that are adapted")
        model = cls(base.digest, tensors, float(strength), before, after)
        personal = model.recognizer(base).model
        if may_overflow(personal.network, personal.vector):
            raise FileError(f"{NAME} has weights so large that some image would overflow float32.")
        return model
