"""The versions that all machines of a cluster must have in common."""

import pytest

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.versions import check_versions, versions


def test_same_versions_are_accepted():
    check_versions(versions() | {"other": "1.0"}, versions())


def test_different_and_missing_packages_are_named():
    here = {"inkdigits": "1.0", "numpy": "2.0", "pillow": "3.0"}
    with pytest.raises(ScaleError, match=r"has numpy 1\.9 instead of 2\.0, pillow missing instead"):
        check_versions({"inkdigits": "1.0", "numpy": "1.9"}, here)
