"""Which requests are so quick that the event loop itself runs them, without a thread."""

import base64
import re
import struct

from inkdigits.api.server.messages import Request

MAX_BYTES = 64 * 2**10  # of the body
MAX_PIXELS = 320 * 320  # the page sends 280x280
# Where one digit is recognized. A number takes too long: up to tens of digits.
PATHS = {b"/predict", b"/api/v1/predictions"}
# The start of a PNG file, up to its width and height, as raw bytes and in base64. A body that
# starts like this is either decoded as a PNG of that size, or rejected.
_FILE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR"
_JSON = re.compile(
    rb'\{\s*"image"\s*:\s*"(?:data:image/png;base64,)?(iVBORw0KGgoAAAANSUhEUg[A-Za-z0-9+/]{10})'
)


def is_quick(request: Request) -> bool:
    """Whether a complete request has a small drawing as PNG, which takes a few milliseconds."""
    body = request.body
    if request.method != "POST" or len(body) > MAX_BYTES:
        return False
    if request.target.partition(b"?")[0] not in PATHS:
        return False
    if in_json := _JSON.match(body):
        file = base64.b64decode(in_json[1])
    elif body.startswith(_FILE) and len(body) >= len(_FILE) + 8:
        file = bytes(body[: len(_FILE) + 8])
    else:
        return False
    width, height = struct.unpack_from(">II", file, len(_FILE))
    return bool(width * height <= MAX_PIXELS)
