"""Write the OpenAPI document of the service, from which the page's API client is generated.

python web/scripts/document.py            writes web/openapi.json
python web/scripts/document.py --check    exits with 1 if it is out of date
"""

import json
import sys
from pathlib import Path
from typing import Any

from inkdigits.api.openapi import document
from inkdigits.api.settings import Settings

FILE = Path(__file__).parents[1] / "openapi.json"


def without_model_names() -> dict[str, Any]:
    """Describe the service independently of its models, which the page lists at run time."""
    openapi = document(["model"], Settings.model_fields["batch_limit"].default)
    for path in openapi["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"].pop("enum", None)
    return openapi


if __name__ == "__main__":
    text = json.dumps(without_model_names(), indent=2) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        sys.exit(f"{FILE} is out of date; run {sys.argv[0]}")
