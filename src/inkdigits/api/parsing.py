"""Strict parsing of request bodies: what is invalid or ambiguous is rejected with a reason."""

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import (
    BadRequest,
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)

from inkdigits.strict_json import strict_decoder

# The maximum in one body: 20,000 points have 40,000 commas, a base64 image has none.
MAX_COMMAS = 50_000
# Of files whose format the sender does not know, and of documents, which the decoder rejects with a
# sentence that says what to do.
OTHER_FILE_TYPES = ("application/octet-stream", "application/pdf")
MAX_DATA_URL_HEADER = 100  # characters between "data:" and the comma; real ones have about 20


def read_body() -> bytes:
    """Read the body of the current request.

    raises  RequestEntityTooLarge
    """
    body = request.get_data(cache=False)
    # If the client declares no length, Werkzeug reads up to the limit and silently ignores the
    # rest. It reads such a body only if the server marks its end.
    is_full = request.content_length is None and len(body) == request.max_content_length
    if is_full and request.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return body


def parse_json_object(body: bytes) -> dict[str, Any]:
    """Parse a body that is one JSON object. Every number becomes a float, as in JavaScript.

    raises  BadRequest for anything but UTF-8, for what JSON does not allow (NaN), for what parsers
            disagree about (duplicate names, numbers beyond the range of a float), for too deep
            nesting, and for any value other than an object; UnprocessableEntity for more than
            MAX_COMMAS values
    source  RFC 8259; RFC 7493 (I-JSON) for what parsers disagree about
    """
    # Checked before parsing: a few megabytes of tiny values take seconds and gigabytes to parse.
    if body.count(b",") > MAX_COMMAS:
        raise UnprocessableEntity(
            f"The JSON has more than {MAX_COMMAS:,} values; leave out points, or send several "
            "requests."
        )
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise BadRequest("The body is not valid UTF-8; send JSON in UTF-8.") from None
    except RecursionError:
        raise BadRequest("The JSON is nested too deeply; send one flat object.") from None
    except json.JSONDecodeError as error:
        raise BadRequest(
            f"The body is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    except ValueError as error:
        raise BadRequest(f"The body is not strict JSON: {error}.") from None
    if not isinstance(value, dict):
        raise BadRequest('The body is not a JSON object; send {"image": "..."}.')
    return value


def declares_image(media_type: str) -> bool:
    """Whether a media type is one that a sender may declare for an image file.

    The content decides the format, so the type may be that of another image format, or of none.
    """
    return media_type.startswith("image/") or media_type in OTHER_FILE_TYPES


def parse_image(fields: Mapping[str, Any]) -> bytes:
    """Decode the image in the fields of a JSON object.

    returns  the image file
    raises   UnprocessableEntity if the fields are not one string named "image"; BadRequest and
             UnsupportedMediaType as `decode_image`
    """
    for name in fields:
        if name != "image":
            raise UnprocessableEntity(
                f'The field {json.dumps(name[:40])} is unknown; send only "image".'
            )
    image = fields.get("image")
    if not isinstance(image, str):
        raise UnprocessableEntity(
            'The field "image" must be a string: an image file in base64, or a data URL.'
        )
    return decode_image(image)


def decode_image(image: str) -> bytes:
    """Decode an image file from base64 or a data URL.

    returns  the image file
    raises   BadRequest if it is neither; UnsupportedMediaType if a data URL declares something
             other than an image that consists of pixels
    source   RFC 4648 section 4 (base64), RFC 2397 (data URLs)
    """
    scheme = _SCHEME.match(image)
    if scheme is None:
        return _decode_base64(image)
    if scheme[1].lower() != "data":
        raise BadRequest(
            "The image is a URL, and URLs are never fetched; send the image file in base64 or as "
            "a data URL."
        )
    # Find the end of the header within its limit, before parsing it.
    comma = image.find(",", scheme.end(), scheme.end() + MAX_DATA_URL_HEADER + 1)
    header, text = image[scheme.end() : max(comma, 0)], image[comma + 1 :]
    media_type, *parameters = (part.strip().lower() for part in header.split(";"))
    if comma < 0 or "base64" not in parameters[-1:]:
        raise BadRequest(
            "The data URL is not in base64; send data:image/png;base64, followed by the base64 "
            "data."
        )
    # By RFC 2397, a data URL without a media type is plain text, but programs that do not know the
    # type leave it out.
    if media_type and (media_type == "image/svg+xml" or not declares_image(media_type)):
        raise UnsupportedMediaType(
            "The media type of the data URL is not that of an image made of pixels; send "
            "data:image/png;base64, followed by a PNG file, or another supported format, in base64."
        )
    return _decode_base64(text)


def _decode_base64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    # The length detects excess padding, which Python's decoder accepts.
    if not data or len(text) != 4 * math.ceil(len(data) / 3):
        raise BadRequest(
            "The image is empty; send an image file in base64."
            if not text
            else "The base64 data is invalid; use the standard alphabet (A-Z a-z 0-9 + /) with "
            "padding (=) and without line breaks."
        )
    return data


_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}):")
_DECODER = strict_decoder()
