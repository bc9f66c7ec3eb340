"""Reads what a client posted: it has exactly one meaning, or an error names what is wrong."""

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnprocessableEntity

from inkdigits.strict_json import strict_decoder

# In one body: 20,000 points have 40,000, a picture in base64 none.
MOST_COMMAS = 50_000
MAX_DATA_URL_HEADER = 100  # characters between "data:" and the comma; real ones have some 20


def read_body() -> bytes:
    """Read the body of this request.

    raises  RequestEntityTooLarge if it is larger than is allowed
    """
    body = request.get_data(cache=False)
    # Of a body that declares no length Werkzeug reads as much as is allowed, and says of the rest
    # nothing. It reads such a body only where the server marks its end.
    full = request.content_length is None and len(body) == request.max_content_length
    if full and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return body


def parse_object(body: bytes) -> dict[str, Any]:
    """Parse the one JSON object that `body` holds; every number becomes a float, as in JavaScript.

    raises  BadRequest for anything but UTF-8, for what JSON does not know (NaN), for what readers
            of JSON disagree about (duplicate names, numbers over the range of a float), for nesting
            too deep to read, and for any other value than an object; UnprocessableEntity for more
            than MOST_COMMAS values
    source  RFC 8259, and RFC 7493 (I-JSON) for the disagreements
    """
    # Counted first, for a few megabytes of tiny values take seconds, and then gigabytes, to read.
    if body.count(b",") > MOST_COMMAS:
        raise UnprocessableEntity(
            f"The JSON has more than {MOST_COMMAS:,} values; leave out points, or send several "
            "requests."
        )
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8; send JSON in UTF-8.") from None
    except RecursionError:
        raise BadRequest("The JSON is nested too deep; send one object.") from None
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    except ValueError as error:
        raise BadRequest(f"The body is not strict JSON: {error}.") from None
    if not isinstance(value, dict):
        raise BadRequest('The body is no JSON object; send {"image": "..."}.')
    return value


def parse_image(fields: Mapping[str, Any]) -> tuple[bytes, str | None]:
    """Take the picture out of the fields of a request.

    returns  the bytes of the picture's file, and the media type that a data URL gives them
    raises   UnprocessableEntity if the fields are not one string named "image"; BadRequest if the
             string is neither base64 nor a base64 data URL
    """
    for name in fields:
        if name != "image":
            raise UnprocessableEntity(
                f'The field {json.dumps(name[:40])} is unknown; "image" is the only one.'
            )
    image = fields.get("image")
    if not isinstance(image, str):
        raise UnprocessableEntity(
            'The field "image" must be a string: a picture\'s file in base64, or a data URL of it.'
        )
    return decode_image(image)


def decode_image(image: str) -> tuple[bytes, str | None]:
    """Decode a picture's file in base64, or a data URL of it.

    returns  the bytes of the file, and the media type that a data URL gives them
    raises   BadRequest if it is neither
    source   RFC 4648 section 4 (base64), RFC 2397 (data URLs)
    """
    scheme = _SCHEME.match(image)
    if scheme is None:
        return _decode_base64(image), None
    if scheme[1].lower() != "data":
        raise BadRequest(
            "The image is an address, and addresses are not fetched; send the picture's file in "
            "base64 or as a data URL."
        )
    # Nothing is done with a header before it is known to be short.
    comma = image.find(",", scheme.end(), scheme.end() + MAX_DATA_URL_HEADER + 1)
    header, text = image[scheme.end() : max(comma, 0)], image[comma + 1 :]
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    if comma < 0 or "base64" not in parameters[-1:]:
        raise BadRequest(
            "The data URL is not in base64; send data:image/png;base64, and then the base64."
        )
    # RFC 2397: a data URL that names no media type is plain text.
    return _decode_base64(text), media_type or "text/plain"


def _decode_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    # The comparison finds padding in excess, which Python's decoder lets through.
    if not data or len(text) != 4 * math.ceil(len(data) / 3):
        raise BadRequest(
            "The image is empty; send the picture's file in base64."
            if not text
            else "The image is not base64; send the standard alphabet (A-Z a-z 0-9 + /) with its "
            "padding (=) and without line breaks."
        )
    return data


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):")
_DECODER = strict_decoder()
