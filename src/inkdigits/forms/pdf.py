"""Pages of PDF files as pictures, rendered in processes whose memory and time are limited."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.forms import pdf_child

SIGNATURE = b"%PDF-"
SIGNATURE_WITHIN = 1024  # bytes from the beginning, as readers of PDF accept it
MAX_PAGES = 2_000
MAX_SECONDS = 60  # of waiting for a page, on a busy machine

_CHILD = Path(pdf_child.__file__)


class PdfError(Exception):
    """A PDF file or a page of it cannot be used; the message is a sentence."""


def is_pdf(start: bytes) -> bool:
    """Return whether a file is a PDF, by its first SIGNATURE_WITHIN bytes."""
    return SIGNATURE in start[:SIGNATURE_WITHIN]


def count_pages(path: str) -> int:
    """Count the pages of a PDF file.

    raises  PdfError, also if there are none or more than MAX_PAGES
    """
    answer, _ = _ask(path)
    pages = int(answer["pages"])
    if not 1 <= pages <= MAX_PAGES:
        raise _unusable(f"it has {pages:,} pages, and 1 to {MAX_PAGES:,} are allowed")
    return pages


def render_page(path: str, number: int) -> Pixels:
    """Render a page on white, as large as `pdf_child.LONG_SIDE_PX` allows.

    number   1 is the first
    returns  uint8 (H, W, 3), blue, green, red
    raises   PdfError
    """
    answer, data = _ask(path, str(number))
    height, width = int(answer["height"]), int(answer["width"])
    return np.frombuffer(data, np.uint8, height * width * 3).reshape(height, width, 3)


def _ask(*arguments: str) -> tuple[dict[str, Any], bytes]:
    """Run a process, and return what it answers and the bytes that follow."""
    if importlib.util.find_spec("pypdfium2") is None:
        raise PdfError(
            "Reading a PDF needs the package pypdfium2: run pip install 'inkdigits[forms]', or "
            "export the pages as PNG files."
        )
    command = [sys.executable, "-P", str(_CHILD), *arguments]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=MAX_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise _unusable("rendering it takes too long") from None
    head, newline, data = done.stdout.partition(b"\n")
    if done.returncode or not newline:
        # Killed at a limit, or the renderer has crashed.
        raise _unusable("it is damaged, or takes too much memory or time to render")
    answer = json.loads(head)
    if "error" in answer:
        raise _unusable(answer["error"])
    return answer, data


def _unusable(cause: str) -> PdfError:
    return PdfError(
        f"The PDF cannot be read: {cause}; scan the sheets again, or export its pages as PNG."
    )
