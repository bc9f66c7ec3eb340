"""The versions of packages that all machines of a cluster must have in common."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from inkdigits.scale.errors import ScaleError
from inkdigits.version import __version__

# Packages whose versions may change results, by a bit of a number or a byte of a file.
PACKAGES = ("numpy", "opencv-python-headless", "pillow", "pyarrow")


def versions() -> dict[str, str]:
    """Return the versions on which the bytes of results depend."""
    installed = {"inkdigits": __version__}
    for name in PACKAGES:
        try:
            installed[name] = version(name)
        except PackageNotFoundError:  # such as another build of OpenCV
            installed[name] = "of unknown version"
    return installed


def check_versions(there: Mapping[str, str], here: Mapping[str, str]) -> None:
    """Check what is installed on a worker; raise ScaleError if it differs from what is here."""
    different = [
        f"{name} {there.get(name, 'missing')} instead of {number}"
        for name, number in here.items()
        if there.get(name) != number
    ]
    if different:
        raise ScaleError(
            f"A worker of the cluster has {', '.join(different)}: install the same versions on all "
            "machines."
        )


def missing_package(error: ImportError) -> ScaleError:
    """Make the error for a machine of the cluster on which a package is missing."""
    return ScaleError(
        f"A machine of the cluster lacks what is needed there ({error}): install "
        f"inkdigits[ray]=={__version__} on all of them."
    )
