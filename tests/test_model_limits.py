"""Limits of a network and its classes; test_model_file_networks.py tests those of networks."""

import re

import pytest

from inkdigits.constants import MAX_CLASSES, MAX_NAME
from inkdigits.model_limits import check_class_names


@pytest.mark.parametrize(
    "names",
    [
        ("a", "b"),
        ("Größe", "<b>", "不"),
        ("a" * MAX_NAME, "b"),
        tuple(map(str, range(MAX_CLASSES))),
    ],
    ids=lambda names: names[0][:10],
)
def test_different_printable_names_are_valid(names):
    assert check_class_names(list(names)) == names


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        ([], "there are 0 classes, not 2 to 1000"),
        (["a"], "there is 1 class, not 2 to 1000"),
        (list(map(str, range(MAX_CLASSES + 1))), "there are 1001 classes"),
        (["a", ""], "'' is not a text of 1 to 64 characters"),
        (["a", "b" * (MAX_NAME + 1)], "is not a text of 1 to 64 characters"),
        (["a", 1], "1 is not a text"),
        (["a", None], "None is not a text"),
        (["a", " b"], "' b' cannot be the name of a class"),
        (["a", "\x1b[2J"], "cannot be the name of a class"),
        (["a", "\u202eb"], "cannot be the name of a class"),
        (["a", "\ud800"], "cannot be the name of a class"),
        (["a", "non-digit"], "'non-digit' cannot be the name of a class"),
        (["a", "b", "a"], "two classes have the same name"),
    ],
)
def test_other_names_are_refused(names, cause):
    with pytest.raises(ValueError, match=re.escape(cause)):
        check_class_names(names)
