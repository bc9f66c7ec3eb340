"""Write the OpenAPI document that the page's client is generated from, out of the wire formats.

python web/scripts/document.py            writes web/openapi.json
python web/scripts/document.py --check    exits with 1 if it is not what would be written
"""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from inkdigits.api.schemas import Drawing, Health, Models, Prediction, Problem

FILE = Path(__file__).parents[1] / "openapi.json"
REF = "#/components/schemas/{model}"


def document() -> dict[str, Any]:
    """Describe the routes that the page uses."""
    _, shared = models_json_schema(
        [(model, "serialization") for model in (Prediction, Problem, Models, Health)],
        ref_template=REF,
    )
    drawing = TypeAdapter(Drawing).json_schema(ref_template=REF)
    schemas = {**drawing.pop("$defs"), **shared["$defs"], "Drawing": drawing}
    return {
        "openapi": "3.1.0",
        "info": {"title": "inkdigits", "version": "1"},
        "paths": {
            "/api/v1/predictions": {
                "post": {
                    "operationId": "predict",
                    "parameters": [
                        _query("seen", {"type": "boolean"}),
                        _query("model", {"type": "string"}),
                    ],
                    "requestBody": {"required": True, "content": _json("Drawing")},
                    "responses": _answers(Prediction),
                }
            },
            "/api/v1/models": {"get": {"operationId": "models", "responses": _answers(Models)}},
            "/healthz": {"get": {"operationId": "health", "responses": _answers(Health)}},
        },
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def _json(name: str, media_type: str = "application/json") -> dict[str, Any]:
    return {media_type: {"schema": {"$ref": REF.format(model=name)}}}


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _answers(model: type[BaseModel]) -> dict[str, Any]:
    problem = _json("Problem", "application/problem+json")
    return {
        "200": {"description": model.__doc__ or "", "content": _json(model.__name__)},
        "default": {"description": "An error.", "content": problem},
    }


if __name__ == "__main__":
    text = json.dumps(document(), indent=2) + "\n"
    if "--check" not in sys.argv:
        FILE.write_text(text)
    elif FILE.read_text() != text:
        sys.exit(f"{FILE} has drifted from the wire formats; run {sys.argv[0]}")
