"""Pen trajectories of people whom no recipe trains on: for development and evaluation only."""

from collections.abc import Callable
from pathlib import Path

from inkdigits.arrays import Pixels
from inkdigits.data import folders, pendigits, rendering, unipen
from inkdigits.data.chunks import OnProgress, no_progress
from inkdigits.data.mnist import Digits
from inkdigits.data.traces import Traces, select_writers
from inkdigits.preprocessing import ink

# The names of the sources in results and tables.
PENDIGITS = "Pendigits writers 21 to 30"
UNIPEN = {name: f"UNIPEN {name}" for name in unipen.DEVELOPMENT_CONTRIBUTORS}
SOURCES = (PENDIGITS, *UNIPEN.values())

SEED = 0  # of the pens, so that every model is evaluated on the same images


def load(directory: Path | None = None) -> dict[str, Traces]:
    """Load the digits of each source whose file is there.

    directory  where the files are; see folders.search_paths()
    returns    the traces by the name of their source, in the order of SOURCES
    raises     DataError if a file is damaged
    """
    sources = {}
    paths = folders.search_paths(directory)
    if folders.find_file(paths, pendigits.NAME):
        everyone = pendigits.load(directory)
        sources[PENDIGITS] = select_writers(everyone, pendigits.DEVELOPMENT_WRITERS)
    if unipen.find(paths):
        everyone = unipen.load(directory)
        for contributor, name in UNIPEN.items():
            sources[name] = unipen.select_contributors(everyone, [contributor])
    return sources


def render(
    traces: Traces,
    preprocess: Callable[[Pixels], Pixels] = ink.from_ink,
    copies: int = 1,
    on_progress: OnProgress = no_progress,
) -> Digits:
    """Draw digits with pens of various widths, as their writers wrote them, and preprocess them.

    preprocess   maps ink, uint8 (H, W), to uint8 (28, 28)
    copies       images of each digit, drawn with different pens
    on_progress  called with the number of images that are done
    returns      Digits: `copies` images of the first digit, then of the second, ...
    """
    return rendering.render(
        traces, copies, SEED, preprocess, variation=None, on_progress=on_progress
    )


def render_candidates(
    traces: Traces,
    candidates_from_ink: Callable[[Pixels], Pixels],
    copies: int = 1,
    on_progress: OnProgress = no_progress,
) -> tuple[Digits, list[Pixels]]:
    """Draw digits as `render` does, and keep everything that preprocessing takes for the digit.

    candidates_from_ink  maps ink, uint8 (H, W), to uint8 (K, 28, 28), the likeliest first
    copies, on_progress  as of `render`
    returns              the digits, with the likeliest candidates for images, and for each of them
                         all candidates
    """
    candidates: list[Pixels] = []

    def likeliest(ink: Pixels) -> Pixels:
        candidates.append(candidates_from_ink(ink))
        first: Pixels = candidates[-1][0]
        return first

    # In this process, and so in order.
    return render(traces, likeliest, copies, on_progress), candidates
