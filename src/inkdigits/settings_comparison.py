"""Where the settings of a run differ from those it was started with."""

from typing import Any

from inkdigits.strict_json import canonical

MAX_SHOWN = 200  # characters of a setting in a message
# Settings that may differ on resuming.
NOT_COMPARED = {"versions", "machine", "epochs_changed", "changes"}


def first_difference(begun: dict[str, Any], now: dict[str, Any]) -> tuple[str, str, str] | None:
    """Find the first setting that differs and must not.

    returns  its path, the value it began with, and the value now, printable
    """
    begun = {key: value for key, value in begun.items() if key not in NOT_COMPARED}
    return _first_difference(_with_epochs_of(now, begun), now)


def _first_difference(begun: Any, now: Any, name: str = "") -> tuple[str, str, str] | None:
    """Find where two settings differ: the path to the first difference, and both values."""
    if isinstance(begun, dict) and isinstance(now, dict):
        keys = [*now, *(key for key in begun if key not in now)]
        # The summary last: it only says in words what differs.
        for key in sorted(keys, key="summary".__eq__):
            path = f"{name}.{key}" if name else key
            if key not in begun or key not in now:
                was, is_now = (_shown(values.get(key, "unset")) for values in (begun, now))
                return ascii(path)[1:-1][:80], was, is_now
            difference = _first_difference(begun[key], now[key], path)
            if difference is not None:
                return difference
        return None
    if isinstance(begun, list) and isinstance(now, list) and len(begun) == len(now):
        return _first_difference(_by_index(begun), _by_index(now), name)
    # As JSON, where 1, 1.0 and true differ.
    if canonical(begun) == canonical(now):
        return None
    return ascii(name)[1:-1][:80], _shown(begun), _shown(now)


def _with_epochs_of(settings: dict[str, Any], begun: dict[str, Any]) -> dict[str, Any]:
    """Return what a run was begun with, but with the current number of epochs: it may change."""
    match begun, settings:
        case {"recipe": {"epochs": was} as recipe}, {"recipe": {"epochs": now}}:
            if is_count(was) and is_count(now):
                return begun | {"recipe": recipe | {"epochs": now}}
    return begun


def _by_index(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}


def _shown(value: Any) -> str:
    text = value if value == "unset" else ascii(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


def is_count(value: Any) -> bool:
    """Return whether a JSON value is a whole number of at least 1."""
    return type(value) is int and value >= 1
