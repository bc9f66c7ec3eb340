"""Parts that the operations of the OpenAPI document share: bodies, responses, parameters."""

from typing import Any

from openapi_pydantic.v3.v3_1 import (
    Example,
    Header,
    MediaType,
    Parameter,
    Reference,
    RequestBody,
    Response,
    Schema,
)
from pydantic import BaseModel, TypeAdapter

from inkdigits.api.errors import PROBLEM_TYPE
from inkdigits.api.schemas import Problem

JSON = "application/json"
TEMPLATE = "#/components/schemas/{model}"

# Makes a prediction with the profile whose token it is; without one, the model is everybody's.
PROFILE_TOKEN = "profileToken"
WITH_PROFILE: list[dict[str, list[str]]] = [{PROFILE_TOKEN: []}]
MAYBE_PROFILE: list[dict[str, list[str]]] = [{}, *WITH_PROFILE]

ALWAYS = (406, 414, 429, 500, 503)
WITH_BODY = (400, 408, 413, 415, 422, *ALWAYS)
_DESCRIPTIONS = {
    400: "The body, or the image in it, is damaged or invalid.",
    401: "The token of the profile is missing or wrong, or its profile was deleted.",
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


def query_parameter(name: str, description: str, schema: Schema) -> Parameter:
    """Describe a parameter of the query, which may be left out."""
    return Parameter.model_validate(
        {"name": name, "in": "query", "description": description, "schema": schema}
    )


def model_parameter(names: list[str]) -> Parameter:
    """Describe the choice of a model in the query.

    names   of the models being served, the default first
    """
    schema = Schema(type="string", enum=names, default=names[0])
    return query_parameter("model", "The name of the model to use.", schema)


def request_body(content: dict[str, MediaType]) -> RequestBody:
    """Describe a body, by media type."""
    return RequestBody(required=True, content=content)


def drawing_body(
    drawing: TypeAdapter[Any], strokes: dict[str, Any], image: dict[str, Any]
) -> MediaType:
    """Describe a body in JSON with one drawing.

    drawing         the schema, one of several by the kind of the drawing
    strokes, image  examples of that
    """
    by_kind = {
        "strokes": Example(summary="Pen strokes", value=strokes),
        "image": Example(summary="An image file", value=image),
    }
    kinds = drawing.json_schema(ref_template=TEMPLATE)["oneOf"]
    return MediaType(media_type_schema=Schema(oneOf=kinds), examples=by_kind)


def json_body(schema: Schema | Reference, example: dict[str, Any]) -> MediaType:
    """Describe a body in JSON."""
    return MediaType(media_type_schema=schema, example=example)


def responses(schema: type[BaseModel] | dict[str, Any], *errors: int) -> dict[str, Response]:
    """Describe the responses of an operation.

    schema  of the response with status 200
    errors  the statuses of its other responses
    """
    content = json_content(schema)
    return {"200": Response(description="OK", headers=headers(), content=content)} | problems(
        *errors
    )


def json_content(schema: type[BaseModel] | dict[str, Any]) -> dict[str, MediaType]:
    """Describe a body of a response in JSON."""
    if isinstance(schema, dict):
        return {JSON: MediaType(media_type_schema=Schema.model_validate(schema))}
    return {JSON: MediaType(media_type_schema=reference(schema))}


def problems(*statuses: int) -> dict[str, Response]:
    """Describe the usual error responses."""
    return {str(status): problem(status, _DESCRIPTIONS[status]) for status in sorted(statuses)}


def problem(status: int, description: str, schema: type[Problem] = Problem) -> Response:
    """Describe an error response."""
    return Response(
        description=description,
        headers=headers(*(["Retry-After"] if status in _WITH_RETRY_AFTER else [])),
        content={PROBLEM_TYPE: MediaType(media_type_schema=reference(schema))},
    )


def headers(*more: str) -> dict[str, Header | Reference]:
    """Describe the headers of a response.

    more  besides X-Request-ID
    """
    described = {
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
    return {name: described[name] for name in ("X-Request-ID", *more)}


def reference(schema: type[BaseModel]) -> Reference:
    """Refer to a schema in the document's components."""
    return Reference.model_validate({"$ref": TEMPLATE.format(model=schema.__name__)})
