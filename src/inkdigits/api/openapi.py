"""The OpenAPI document: every request and response of the service, built from the schemas."""

from collections.abc import Iterable
from typing import Any

from openapi_pydantic.v3.v3_1 import (
    Components,
    Encoding,
    Example,
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

from inkdigits.api import examples, schemas
from inkdigits.api.drawings import DRAWING
from inkdigits.api.errors import PROBLEM_TYPE
from inkdigits.version import __version__

JSON = "application/json"
# Of a body that is an image file. The service takes any type of image, and looks at the content.
IMAGE_TYPES = (
    "image/png",
    "image/jpeg",
    "image/webp",
    "image/gif",
    "image/bmp",
    "image/tiff",
    "image/heic",
    "image/heif",
    "image/avif",
    "application/octet-stream",
)
_TEMPLATE = "#/components/schemas/{model}"
# Tags, which group the operations.
_PREDICTIONS, _MODELS, _HEALTH = "predictions", "models", "health"

_ALWAYS = (406, 414, 429, 500, 503)
_WITH_BODY = (400, 408, 413, 415, 422, *_ALWAYS)
_DESCRIPTIONS = {
    400: "The body, or the image in it, is damaged or invalid.",
    404: "There is no model with this name.",
    406: "The Accept header excludes JSON.",
    408: "The body arrived too slowly.",
    413: "The body or the image is too large.",
    414: "The URL is too long.",
    415: "The media type of the body, or the format of the image, is not supported.",
    422: "A field or a query parameter is missing, unknown or invalid, or pixels are not in the "
    "documented range.",
    429: "This client has sent too many requests.",
    500: "The server failed to handle the request.",
    503: "The service is overloaded.",
}
_WITH_RETRY_AFTER = (429, 503)


def build_document(models: Iterable[str], batch_limit: int) -> dict[str, Any]:
    """Describe the whole service.

    models       names of the models being served, the default first
    batch_limit  maximum number of drawings in a batch
    returns      an OpenAPI 3.1 document, ready for JSON
    source       https://spec.openapis.org/oas/v3.1.1
    """
    names = list(models)
    paths = {
        "/predict": PathItem(post=_predict()),
        "/api/v1/predictions": PathItem(post=_predict_one(names)),
        "/api/v1/predictions/batch": PathItem(post=_predict_batch(names, batch_limit)),
        "/api/v1/models": PathItem(
            get=Operation(
                operationId="listModels",
                tags=[_MODELS],
                summary="List the models being served",
                responses=_responses(schemas.Models, 422, *_ALWAYS),
            )
        ),
        "/api/v1/models/{name}": PathItem(
            get=Operation(
                operationId="getModel",
                tags=[_MODELS],
                summary="Describe one model",
                parameters=[
                    Parameter.model_validate(
                        {
                            "name": "name",
                            "in": "path",
                            "required": True,
                            "example": names[0],
                            "schema": Schema(type="string", enum=names),
                        }
                    )
                ],
                responses=_responses(schemas.Model, 404, 422, *_ALWAYS),
            )
        ),
        "/": PathItem(
            get=Operation(
                operationId="getService",
                tags=[_MODELS],
                summary="Describe the service",
                description="A browser gets the page instead, or a short text if the page was not "
                "built into the package.",
                responses=_service_or_page(),
            )
        ),
        "/openapi.json": PathItem(
            get=Operation(
                operationId="getOpenApiDocument",
                tags=[_MODELS],
                summary="Get this document",
                responses=_responses({"type": "object"}, *_ALWAYS),
            )
        ),
        **_health(),
    }
    openapi = OpenAPI(
        info=Info(
            title="inkdigits",
            version=__version__,
            summary="Recognizes handwritten digits",
            license=License(name="MIT", identifier="MIT"),
        ),
        tags=[
            Tag(name=_PREDICTIONS, description="Recognize digits"),
            Tag(name=_MODELS, description="Describe the service and its models"),
            Tag(name=_HEALTH, description="Health checks and metrics"),
        ],
        paths=paths,
        components=Components(schemas=_components()),
    )
    described: dict[str, Any] = openapi.model_dump(mode="json", by_alias=True, exclude_none=True)
    return described


def _predict() -> Operation:
    return Operation(
        operationId="predict",
        tags=[_PREDICTIONS],
        summary="Recognize the digit in an image, in the write-up's format",
        requestBody=_body({JSON: _json(_reference(schemas.ImageDrawing), examples.IMAGE_DRAWING)}),
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
    by_kind = {
        "strokes": Example(summary="Pen strokes", value=examples.STROKES_DRAWING),
        "image": Example(summary="An image file", value=examples.IMAGE_DRAWING),
    }
    return Operation(
        operationId="predictOne",
        tags=[_PREDICTIONS],
        summary="Recognize the digit in one drawing",
        description="The content of an image file determines its format, whatever its media type. "
        "In a form, the file may also be named file.",
        parameters=_query(names),
        requestBody=_body(
            {
                JSON: MediaType(media_type_schema=Schema(oneOf=drawing["oneOf"]), examples=by_kind),
                **{kind: MediaType(media_type_schema=file) for kind in IMAGE_TYPES},
                "multipart/form-data": MediaType(
                    media_type_schema=form, encoding={"image": Encoding(contentType=kinds)}
                ),
            }
        ),
        responses=_responses(schemas.Prediction, *_WITH_BODY),
    )


def _predict_batch(names: list[str], batch_limit: int) -> Operation:
    batch = schemas.Batch.model_json_schema()
    del batch["description"]
    batch["properties"]["drawings"]["maxItems"] = batch_limit
    return Operation(
        operationId="predictBatch",
        tags=[_PREDICTIONS],
        summary="Recognize the digits in several drawings",
        description="The predictions are in the order of the drawings. An invalid drawing gets "
        "problem details instead of a prediction.",
        parameters=_query(names),
        requestBody=_body({JSON: _json(Schema.model_validate(batch), examples.BATCH)}),
        responses=_responses(schemas.Predictions, *_WITH_BODY),
    )


def _health() -> dict[str, PathItem]:
    return {
        "/healthz": PathItem(
            get=Operation(
                operationId="getLiveness",
                tags=[_HEALTH],
                summary="Check whether the service is alive",
                responses=_responses(schemas.Health),
            )
        ),
        "/readyz": PathItem(
            get=Operation(
                operationId="getReadiness",
                tags=[_HEALTH],
                summary="Check whether the service accepts requests",
                responses=_responses(schemas.Health)
                | {"503": _problem(503, "The service is shutting down.")},
            )
        ),
        "/metrics": PathItem(
            get=Operation(
                operationId="getMetrics",
                tags=[_HEALTH],
                summary="Get metrics for Prometheus",
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
        "description": "The name of the model to use.",
        "schema": Schema(type="string", enum=names, default=names[0]),
    }
    seen = {
        "name": "seen",
        "in": "query",
        "description": "Whether the response includes the 28x28 input of the network.",
        "schema": Schema(type="boolean", default=False),
    }
    return [Parameter.model_validate(model), Parameter.model_validate(seen)]


def _body(content: dict[str, MediaType]) -> RequestBody:
    return RequestBody(required=True, content=content)


def _json(schema: Schema | Reference, example: dict[str, Any]) -> MediaType:
    return MediaType(media_type_schema=schema, example=example)


def _service_or_page() -> dict[str, Response]:
    responses = _responses(schemas.Service, *_ALWAYS)
    content = responses["200"].content
    assert content is not None
    content["text/html"] = MediaType(media_type_schema=Schema(type="string"))
    return responses


def _responses(schema: type[BaseModel] | dict[str, Any], *errors: int) -> dict[str, Response]:
    success = Response(
        description="OK",
        headers=_headers(),
        content={
            JSON: MediaType(
                media_type_schema=Schema.model_validate(schema)
                if isinstance(schema, dict)
                else _reference(schema)
            )
        },
    )
    problems = {str(status): _problem(status, _DESCRIPTIONS[status]) for status in sorted(errors)}
    return {"200": success, **problems}


def _problem(status: int, description: str) -> Response:
    return Response(
        description=description,
        headers=_headers(*(["Retry-After"] if status in _WITH_RETRY_AFTER else [])),
        content={PROBLEM_TYPE: MediaType(media_type_schema=_reference(schemas.Problem))},
    )


def _headers(*more: str) -> dict[str, Header | Reference]:
    headers = {
        "X-Request-ID": Header(
            description="The id of the request, which the log of the service includes.",
            required=True,
            param_schema=Schema(type="string", pattern="^[A-Za-z0-9._-]{1,64}$"),
        ),
        "Retry-After": Header(
            description="Seconds to wait before trying again.",
            required=True,
            param_schema=Schema(type="integer", minimum=0),
        ),
    }
    return {name: headers[name] for name in ("X-Request-ID", *more)}


def _reference(schema: type[BaseModel]) -> Reference:
    return Reference.model_validate({"$ref": _TEMPLATE.format(model=schema.__name__)})


def _components() -> dict[str, Schema | Reference]:
    classes = [schema for schema in vars(schemas).values() if isinstance(schema, type)]
    # The schema of a batch is part of its operation, because its limit depends on a setting.
    excluded = (schemas.StrictModel, schemas.Batch)
    adapters: list[TypeAdapter[Any]] = [
        TypeAdapter(schema)
        for schema in classes
        if issubclass(schema, schemas.StrictModel) and schema not in excluded
    ]
    _, defined = TypeAdapter.json_schemas(
        [(index, "validation", adapter) for index, adapter in enumerate(adapters)],
        ref_template=_TEMPLATE,
    )
    return {
        name: Schema.model_validate(schema) for name, schema in sorted(defined["$defs"].items())
    }
