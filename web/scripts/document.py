"""Write the service's OpenAPI document, from which the page's client is generated.

python web/scripts/document.py            writes web/openapi.json
python web/scripts/document.py --check    exits with 1 if web/openapi.json is out of date
"""

import json
import sys
from pathlib import Path
from typing import Any

from inkdigits.api.openapi import build_document
from inkdigits.api.settings import Settings

FILE = Path(__file__).parents[1] / "openapi.json"


def model_independent_document() -> dict[str, Any]:
    """Build the document without the names of models, which the page learns at run time."""
    document = build_document(["model"], Settings.model_fields["batch_limit"].default)
    for path in document["paths"].values():
        for operation in path.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"].pop("enum", None)
    return document


if __name__ == "__main__":
    text = json.dumps(model_independent_document(), indent=2) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        sys.exit(f"{FILE} is out of date; run `make client`")
