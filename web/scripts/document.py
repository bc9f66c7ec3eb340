"""Write the service's OpenAPI document, from which the page's client is generated.

python web/scripts/document.py            writes web/openapi.json
python web/scripts/document.py --check    exits with 1 if web/openapi.json is out of date
"""

import json
import sys
from pathlib import Path
from typing import Any

from inkdigits.api.openapi import document
from inkdigits.api.settings import Settings

FILE = Path(__file__).parents[1] / "openapi.json"


def for_any_models() -> dict[str, Any]:
    """Describe the service whatever models it has: the page learns that when it runs."""
    described = document(["model"], Settings.model_fields["batch_limit"].default)
    for path in described["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"].pop("enum", None)
    return described


if __name__ == "__main__":
    text = json.dumps(for_any_models(), indent=2) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        sys.exit(f"{FILE} is out of date; run `make client`")
