"""What the cards of models say about any model: its use, its limits and where its data are from."""

from collections.abc import Iterable
from typing import Any

from inkdigits.constants import DIGITS
from inkdigits.data import mnist, pendigits, semeion, unipen
from inkdigits.model_file import Model

_MNIST = "MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges"
ORIGINS = {
    mnist.TRAIN_IMAGES: _MNIST,
    mnist.TRAIN_LABELS: _MNIST,
    mnist.TRAIN_WRITERS: "QMNIST, by C. Yadav and L. Bottou (BSD license): who wrote each digit",
    pendigits.NAME: "Pendigits, by E. Alpaydin and F. Alimoglu (CC BY 4.0): writers 1 to 20",
    unipen.FOLDER: (
        "UNIPEN train_r01_v07, by I. Guyon, L. Schomaker, R. Plamondon, M. Liberman and S. Janet, "
        "International Unipen Foundation ([10.5281/zenodo.1195803]"
        "(https://doi.org/10.5281/zenodo.1195803), CC BY 4.0; the CD-ROM of 1999 permitted use for "
        "research, and no distribution for commercial purposes): the digits of the contributors "
        f"{', '.join(unipen.TRAINING_CONTRIBUTORS)}"
    ),
    semeion.NAME: (
        "Semeion Handwritten Digit, by Semeion Research Center of Sciences of Communication, Rome "
        "(UCI data set 178, CC BY 4.0)"
    ),
}
WRITERS = {  # who wrote the digits in a file
    mnist.TRAIN_IMAGES: "Americans around 1990",
    pendigits.NAME: "20 people in Turkey",
    unipen.FOLDER: "people of several countries, for the contributors of UNIPEN",
    semeion.NAME: "about 80 people in Italy",
}


def training_files(model: Model) -> dict[str, str]:
    """Return the SHA-256 of each file that a model was trained on, as far as its file says so."""
    files = model.training.get("data")
    stated: dict[Any, Any] = files if isinstance(files, dict) else {}
    return {name: digest for name, digest in stated.items() if isinstance(digest, str)}


def intended_use(model: Model) -> str:
    """Say in Markdown what a model of digits is meant for, and what not, and who wrote its data."""
    what = "several digits in one image, letters, or digits of other scripts"
    if model.rejection_threshold is None:
        mistakes = "it mistakes all of them for a digit"
    else:
        mistakes = "it rejects many of them and mistakes the rest for a digit"
    if model.classes != DIGITS:
        what, mistakes = "images of anything else", "it takes most of them for one of its classes"
    lines = [
        "The model recognizes one handwritten digit, 0 to 9, in a drawing, a scan or a photograph. "
        "It is meant for teaching and"
        if model.classes == DIGITS
        else f"The model tells {len(model.classes)} classes of pictures apart. It is meant for "
        "teaching and",
        "experiments, and not for",
        "",
        f"- {what}: {mistakes};",
        "- decisions with consequences, such as checks, grades or doses, unless a person reviews "
        "each prediction;",
        "- adversarial settings: it is not hardened against adversarial examples.",
    ]
    writers = people(training_files(model))
    if writers:
        lines += ["", f"Its training digits were written by {writers}."]
        lines += ["Its accuracy on other groups of writers, such as children, is unknown."]
    return "\n".join(lines)


def people(files: Iterable[str]) -> str:
    """Say who wrote the digits in these files; empty if unknown."""
    names = set(files)
    known = [who for file, who in WRITERS.items() if file in names]
    if len(known) < 2:
        return "".join(known)
    *others, last = known
    return f"{', '.join(others)} and {last}"
