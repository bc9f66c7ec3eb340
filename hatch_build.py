"""Refuses to build a package without the page, which comes from web/ and is not committed."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src/inkdigits/page/index.html")


class PageHook(BuildHookInterface):  # type: ignore[type-arg]
    """Checks that the page is there. HATCH_BUILD_NO_HOOKS=true builds without it on purpose."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fail before anything is built; an editable install takes the page when it is built."""
        if version != "editable" and not (Path(self.root) / PAGE).is_file():
            self.app.abort(
                "The page is not built, so the package would lack it: run `make dist`, which "
                "builds the page, the wheel and the sdist, or install a released wheel."
            )
