"""The OpenAPI document: every request and answer of the service, made from the schemas."""

from collections.abc import Iterable
from typing import Any

from openapi_pydantic.v3.v3_1 import (
    Components,
    Encoding,
    Header,
    Info,
    License,
    MediaType,
    OpenAPI,
    Operation,
    Parameter,
    PathItem,
    Reference,
    RequestBody,
    Response,
    Schema,
    Tag,
)
from pydantic import BaseModel, TypeAdapter

from inkdigits.api import schemas
from inkdigits.api.drawings import DRAWING
from inkdigits.api.routes.predictions import IMAGE_TYPES
from inkdigits.version import __version__

JSON = "application/json"
PROBLEM = "application/problem+json"
_TEMPLATE = "#/components/schemas/{model}"
# Tags, under which operations are listed.
_READING, _MODELS, _HEALTH = "reading", "models", "health"

_ALWAYS = (406, 414, 429, 500, 503)
_WITH_BODY = (400, 408, 413, 415, 422, *_ALWAYS)
_WHEN = {
    400: "The body, or the picture in it, is damaged.",
    404: "No model of this name is in service.",
    406: "The Accept header rules JSON out.",
    408: "The body came too slowly.",
    413: "The body or the picture is too large.",
    414: "The address is too long.",
    415: "The body, or the picture in it, is of a kind that is not read.",
    422: "A field or a parameter is missing, unknown or wrong.",
    429: "This client sent too many requests.",
    500: "The service failed.",
    503: "The service has too much to do.",
}
_RETRY = (429, 503)


def document(models: Iterable[str], batch_limit: int) -> dict[str, Any]:
    """Describe the whole service.

    models       names of those in service, the default first
    batch_limit  the most drawings in one batch
    returns      an OpenAPI 3.1 document, ready for JSON
    source       https://spec.openapis.org/oas/v3.1.1
    """
    names = list(models)
    paths = {
        "/predict": PathItem(post=_predict()),
        "/api/v1/predictions": PathItem(post=_predict_one(names)),
        "/api/v1/predictions/batch": PathItem(post=_predict_several(names, batch_limit)),
        "/api/v1/models": PathItem(
            get=Operation(
                operationId="listModels",
                tags=[_MODELS],
                summary="The models in service",
                responses=_responses(schemas.Models, 422, *_ALWAYS),
            )
        ),
        "/api/v1/models/{name}": PathItem(
            get=Operation(
                operationId="getModel",
                tags=[_MODELS],
                summary="One model",
                parameters=[
                    Parameter.model_validate(
                        {
                            "name": "name",
                            "in": "path",
                            "required": True,
                            "schema": Schema(type="string", enum=names),
                        }
                    )
                ],
                responses=_responses(schemas.Model, 404, 422, *_ALWAYS),
            )
        ),
        "/": PathItem(
            get=Operation(
                operationId="describe",
                tags=[_MODELS],
                summary="Which service this is",
                description="To a browser, the drawing page, if it is built into the package.",
                responses=_service_or_page(),
            )
        ),
        "/openapi.json": PathItem(
            get=Operation(
                operationId="getDocument",
                tags=[_MODELS],
                summary="This document",
                responses=_responses({"type": "object"}, *_ALWAYS),
            )
        ),
        **_health(),
    }
    openapi = OpenAPI(
        info=Info(
            title="inkdigits",
            version=__version__,
            summary="Reads handwritten digits",
            license=License(name="MIT", identifier="MIT"),
        ),
        tags=[
            Tag(name=_READING, description="Drawings in, digits out"),
            Tag(name=_MODELS, description="What there is"),
            Tag(name=_HEALTH, description="For who runs the service"),
        ],
        paths=paths,
        components=Components(schemas=_components()),
    )
    described: dict[str, Any] = openapi.model_dump(mode="json", by_alias=True, exclude_none=True)
    return described


def _predict() -> Operation:
    return Operation(
        operationId="predict",
        tags=[_READING],
        summary="Read one picture with the default model, as the write-up has it",
        requestBody=_body({JSON: MediaType(media_type_schema=_reference(schemas.ImageDrawing))}),
        responses=_responses(schemas.WriteUpPrediction, *_WITH_BODY),
    )


def _predict_one(names: list[str]) -> Operation:
    drawing = DRAWING.json_schema(ref_template=_TEMPLATE)
    file = Schema(type="string", schema_format="binary")
    form = Schema(
        type="object",
        properties={"image": file},
        required=["image"],
        additionalProperties=False,
    )
    kinds = ", ".join(IMAGE_TYPES)
    return Operation(
        operationId="predictOne",
        tags=[_READING],
        summary="Read one drawing",
        parameters=_query(names),
        requestBody=_body(
            {
                JSON: MediaType(media_type_schema=Schema(oneOf=drawing["oneOf"])),
                **{kind: MediaType(media_type_schema=file) for kind in IMAGE_TYPES},
                "multipart/form-data": MediaType(
                    media_type_schema=form, encoding={"image": Encoding(contentType=kinds)}
                ),
            }
        ),
        responses=_responses(schemas.Prediction, *_WITH_BODY),
    )


def _predict_several(names: list[str], batch_limit: int) -> Operation:
    batch = schemas.Batch.model_json_schema()
    del batch["description"]
    batch["properties"]["drawings"]["maxItems"] = batch_limit
    return Operation(
        operationId="predictSeveral",
        tags=[_READING],
        summary="Read several drawings",
        description="The answers come in order; in the place of a bad drawing stands its problem.",
        parameters=_query(names),
        requestBody=_body({JSON: MediaType(media_type_schema=Schema.model_validate(batch))}),
        responses=_responses(schemas.Predictions, *_WITH_BODY),
    )


def _health() -> dict[str, PathItem]:
    return {
        "/healthz": PathItem(
            get=Operation(
                operationId="isAlive",
                tags=[_HEALTH],
                summary="Whether the service is alive",
                responses=_responses(schemas.Health),
            )
        ),
        "/readyz": PathItem(
            get=Operation(
                operationId="isReady",
                tags=[_HEALTH],
                summary="Whether the service is to be sent requests",
                responses=_responses(schemas.Health)
                | {"503": _problem(503, "The service is about to end.")},
            )
        ),
        "/metrics": PathItem(
            get=Operation(
                operationId="getMetrics",
                tags=[_HEALTH],
                summary="What the service counts of itself, for Prometheus",
                responses={
                    "200": Response(
                        description="OK",
                        headers=_headers(),
                        content={"text/plain": MediaType(media_type_schema=Schema(type="string"))},
                    )
                },
            )
        ),
    }


def _query(names: list[str]) -> list[Parameter]:
    model = {
        "name": "model",
        "in": "query",
        "description": "which model is to read",
        "schema": Schema(type="string", enum=names, default=names[0]),
    }
    seen = {
        "name": "seen",
        "in": "query",
        "description": "whether to show what the network looked at",
        "schema": Schema(type="boolean", default=False),
    }
    return [Parameter.model_validate(model), Parameter.model_validate(seen)]


def _body(content: dict[str, MediaType]) -> RequestBody:
    return RequestBody(required=True, content=content)


def _service_or_page() -> dict[str, Response]:
    responses = _responses(schemas.Service, *_ALWAYS)
    content = responses["200"].content
    assert content is not None
    content["text/html"] = MediaType(media_type_schema=Schema(type="string"))
    return responses


def _responses(answer: type[BaseModel] | dict[str, Any], *problems: int) -> dict[str, Response]:
    schema = Schema.model_validate(answer) if isinstance(answer, dict) else _reference(answer)
    answered = Response(
        description="OK",
        headers=_headers(),
        content={JSON: MediaType(media_type_schema=schema)},
    )
    refused = {str(status): _problem(status, _WHEN[status]) for status in sorted(problems)}
    return {"200": answered, **refused}


def _problem(status: int, description: str) -> Response:
    return Response(
        description=description,
        headers=_headers(*(["Retry-After"] if status in _RETRY else [])),
        content={PROBLEM: MediaType(media_type_schema=_reference(schemas.Problem))},
    )


def _headers(*more: str) -> dict[str, Header | Reference]:
    known = {
        "X-Request-ID": Header(
            description="by which the request is found in the service's log",
            required=True,
            param_schema=Schema(type="string", pattern="^[A-Za-z0-9._-]{1,64}$"),
        ),
        "Retry-After": Header(
            description="seconds to wait",
            required=True,
            param_schema=Schema(type="integer", minimum=0),
        ),
    }
    return {name: known[name] for name in ("X-Request-ID", *more)}


def _reference(schema: type[BaseModel]) -> Reference:
    return Reference.model_validate({"$ref": _TEMPLATE.format(model=schema.__name__)})


def _components() -> dict[str, Schema | Reference]:
    wire = [schema for schema in vars(schemas).values() if isinstance(schema, type)]
    adapters: list[TypeAdapter[Any]] = [
        TypeAdapter(schema)
        for schema in wire
        if issubclass(schema, schemas.Wire) and schema not in (schemas.Wire, schemas.Batch)
    ]
    _, defined = TypeAdapter.json_schemas(
        [(index, "validation", adapter) for index, adapter in enumerate(adapters)],
        ref_template=_TEMPLATE,
    )
    return {
        name: Schema.model_validate(schema) for name, schema in sorted(defined["$defs"].items())
    }
