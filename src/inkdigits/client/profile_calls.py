"""The calls about profiles as data; the arguments and errors are those of `Client`'s methods."""

from collections.abc import Iterable
from os import PathLike
from pathlib import Path
from typing import Any

from inkdigits.client.calls import JSON, Call
from inkdigits.client.drawings import Drawing, as_object, to_json

Object = dict[str, Any]


def consent() -> Call[Object]:
    """Make the call for `Client.consent`."""
    return _call("GET", "profiles/consent")


def create(agrees: bool, name: str | None) -> Call[Object]:
    """Make the call for `Client.create_profile`."""
    return _call("POST", "profiles", {"consent": agrees} | ({"name": name} if name else {}))


def import_file(file: str | PathLike[str] | bytes) -> Call[Object]:
    """Make the call for `Client.import_profile`."""
    content = file if isinstance(file, bytes) else Path(file).read_bytes()
    return Call(_request("POST", "profiles/import") | {"content": content, "headers": JSON}, _same)


def profile() -> Call[Object]:
    """Make the call for `Client.profile`."""
    return _call("GET", "profile")


def delete() -> Call[None]:
    """Make the call for `Client.delete_profile`."""
    return Call(_request("DELETE", "profile"), lambda _: None, is_json=False)


def renew_token() -> Call[str]:
    """Make the call for `Client.renew_token`."""
    return Call(_request("POST", "profile/token"), lambda content: content["token"])


def samples() -> Call[list[Object]]:
    """Make the call for `Client.samples`."""
    return Call(_request("GET", "profile/samples"), lambda content: content["samples"])


def add(new: Iterable[tuple[Drawing, int]], model: str | None) -> Call[Object]:
    """Make the call for `Client.add_samples`."""
    drawings = [as_object(drawing) | {"label": label} for drawing, label in new]
    return _call("POST", "profile/samples", {"samples": drawings}, model)


def correct(drawing: Drawing, text: str, model: str | None, is_number: bool | None) -> Call[Object]:
    """Make the call for `Client.correct`."""
    kind = "number" if (len(text) > 1 if is_number is None else is_number) else "digit"
    body = as_object(drawing) | {"text": text, "kind": kind}
    return _call("POST", "profile/corrections", body, model)


def remove(sample: str) -> Call[Object]:
    """Make the call for `Client.remove_sample`."""
    if not sample.isalnum():  # it becomes a part of the URL
        raise ValueError("the id of a sample has letters and digits only")
    return _call("DELETE", f"profile/samples/{sample}")


def undo() -> Call[Object]:
    """Make the call for `Client.undo`."""
    return _call("POST", "profile/undo")


def accuracy(model: str | None) -> Call[Object]:
    """Make the call for `Client.accuracy`."""
    return _call("GET", "profile/accuracy", model=model)


def export() -> Call[bytes]:
    """Make the call for `Client.export_profile`."""
    return Call(_request("GET", "profile/export"), lambda content: content, is_json=False)


def _call(
    method: str, path: str, body: Object | None = None, model: str | None = None
) -> Call[Object]:
    request = _request(method, path)
    if body is not None:
        request |= {"content": to_json(body), "headers": JSON}
    if model is not None:
        request["params"] = {"model": model}
    return Call(request, _same)


def _request(method: str, path: str) -> Object:
    return {"method": method, "url": f"api/v1/{path}"}


def _same(content: Object) -> Object:
    return content
