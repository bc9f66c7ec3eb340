"""Count or render the pages of a PDF file, in a process of its own that `pdf` starts.

A PDF is a program for its renderer: a few bytes may take any amount of memory and time, or crash
it. So this process has limits, and imports nothing but pypdfium2.

usage    python pdf_child.py FILE         prints {"pages": N}
         python pdf_child.py FILE NUMBER  prints {"width": W, "height": H} and then the pixels,
                                          H rows of W times blue, green, red
         and in place of either {"error": a clause} if the file or the page cannot be used
"""

import json
import sys
from typing import Any

MAX_MEMORY = 2**30 + 2**29  # bytes; a page of 600 dots per inch takes a third of it
MAX_SECONDS = 30  # of computing
MAX_OBJECTS = 100_000  # on a page; a page of dense text has a few thousand
MAX_IMAGE_PIXELS = 150_000_000  # of all pictures on a page
MAX_DEPTH = 8  # of objects in objects
MAX_ASPECT = 10  # of a page
LONG_SIDE_PX = 2800  # of what is rendered: 240 dots per inch of A4


class Unusable(Exception):
    """The file or the page cannot be used; the message is a clause."""


def main(path: str, number: int | None) -> None:
    """Answer on standard output."""
    _limit_resources()
    import pypdfium2  # below the limits, which hold for what it does when it is imported, too

    try:
        document = pypdfium2.PdfDocument(path)
        if number is None:
            _answer({"pages": len(document)})
            return
        bitmap = _render(document, number)
    except Unusable as error:
        _answer({"error": str(error)})
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        _answer({"error": "it is locked by a password" if locked else "it is damaged"})
    except MemoryError:
        _answer({"error": "it takes too much memory"})
    else:
        _answer({"width": bitmap.width, "height": bitmap.height})
        row_bytes = 3 * bitmap.width
        for row in range(bitmap.height):
            start = row * bitmap.stride
            sys.stdout.buffer.write(memoryview(bitmap.buffer)[start : start + row_bytes])


def _render(document: Any, number: int) -> Any:
    page = document[number - 1]
    width, height = page.get_size()
    longer, shorter = max(width, height), min(width, height)
    if not 0 < longer <= MAX_ASPECT * shorter:
        raise Unusable(f"its page {number} is {width:.0f} x {height:.0f} points, which no sheet is")
    pixels = 0
    for count, item in enumerate(page.get_objects(max_depth=MAX_DEPTH), 1):
        if count > MAX_OBJECTS:
            raise Unusable(f"its page {number} has more than {MAX_OBJECTS:,} objects")
        if hasattr(item, "get_px_size"):
            columns, rows = item.get_px_size()
            pixels += columns * rows
        if pixels > MAX_IMAGE_PIXELS:
            raise Unusable(
                f"the pictures on its page {number} have more than {MAX_IMAGE_PIXELS:,} pixels"
            )
    return page.render(scale=LONG_SIDE_PX / longer, prefer_bgrx=False)


def _limit_resources() -> None:
    try:
        import resource
    except ImportError:  # on Windows, where only the time is limited, by the other process
        return
    for kind, limit in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CPU, MAX_SECONDS)):
        try:
            resource.setrlimit(kind, (limit, limit))
        except (OSError, ValueError):  # macOS does not limit memory
            continue


def _answer(values: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(values).encode() + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else None)
