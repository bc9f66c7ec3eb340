"""The OpenAPI document: every request and response of the service, built from the schemas."""

from collections.abc import Iterable, Iterator
from typing import Any

from openapi_pydantic.v3.v3_1 import (
    Components,
    Encoding,
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
    SecurityScheme,
    Tag,
)
from pydantic import BaseModel, TypeAdapter

from inkdigits.api import (
    examples,
    explanation_schemas,
    lab_schemas,
    number_schemas,
    profile_schemas,
    schemas,
)
from inkdigits.api.drawings import DRAWING
from inkdigits.api.openapi_health import HEALTH, health_paths
from inkdigits.api.openapi_lab import LAB, LAB_DESCRIPTION, lab_paths
from inkdigits.api.openapi_parts import (
    ALWAYS,
    JSON,
    MAYBE_PROFILE,
    PROFILE_TOKEN,
    TEMPLATE,
    WITH_BODY,
    drawing_body,
    json_body,
    model_parameter,
    query_parameter,
    reference,
    request_body,
    responses,
)
from inkdigits.api.openapi_profiles import PROFILES, PROFILES_DESCRIPTION, profile_paths
from inkdigits.version import __version__

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
_FILES = (
    "The content of an image file determines its format, whatever its media type. In a form, the "
    "file may also be named file."
)
# Tags, which group the operations.
_PREDICTIONS, _NUMBERS, _EXPLANATIONS = "predictions", "numbers", "explanations"
_MODELS = "models"


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
        "/api/v1/numbers": PathItem(post=_number(names)),
        "/api/v1/numbers/batch": PathItem(post=_number_batch(names, batch_limit)),
        "/api/v1/explanations": PathItem(post=_explain(names)),
        "/api/v1/models": PathItem(
            get=Operation(
                operationId="listModels",
                tags=[_MODELS],
                summary="List the models being served",
                responses=responses(schemas.Models, 422, *ALWAYS),
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
                responses=responses(schemas.Model, 404, 422, *ALWAYS),
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
                responses=responses({"type": "object"}, *ALWAYS),
            )
        ),
        **profile_paths(names),
        **lab_paths(),
        **health_paths(),
    }
    openapi = OpenAPI(
        info=Info(
            title="inkdigits",
            version=__version__,
            summary="Recognizes handwritten digits and numbers",
            license=License(name="MIT", identifier="MIT"),
        ),
        tags=[
            Tag(name=_PREDICTIONS, description="Recognize digits"),
            Tag(name=_NUMBERS, description="Recognize numbers: several digits, side by side"),
            Tag(name=_EXPLANATIONS, description="Explain predictions"),
            Tag(name=_MODELS, description="Describe the service and its models"),
            Tag(name=PROFILES, description=PROFILES_DESCRIPTION),
            Tag(name=LAB, description=LAB_DESCRIPTION),
            Tag(name=HEALTH, description="Health checks and metrics"),
        ],
        paths=paths,
        components=Components(
            schemas=_components(),
            securitySchemes={
                PROFILE_TOKEN: SecurityScheme(
                    type="http", scheme="bearer", description="The token of a profile."
                )
            },
        ),
    )
    described: dict[str, Any] = openapi.model_dump(mode="json", by_alias=True, exclude_none=True)
    return described


def _predict() -> Operation:
    return Operation(
        operationId="predict",
        tags=[_PREDICTIONS],
        summary="Recognize the digit in an image, in the write-up's format",
        requestBody=request_body(
            {JSON: json_body(reference(schemas.ImageDrawing), examples.IMAGE_DRAWING)}
        ),
        security=MAYBE_PROFILE,
        responses=responses(schemas.WriteUpPrediction, 401, *WITH_BODY),
    )


def _predict_one(names: list[str]) -> Operation:
    return Operation(
        operationId="predictOne",
        tags=[_PREDICTIONS],
        summary="Recognize the digit in one drawing",
        description=_FILES,
        parameters=[model_parameter(names), _seen_parameter()],
        requestBody=_drawing(DRAWING, examples.STROKES_DRAWING, examples.IMAGE_DRAWING),
        security=MAYBE_PROFILE,
        responses=responses(schemas.Prediction, 401, *WITH_BODY),
    )


def _drawing(
    drawing: TypeAdapter[Any], strokes: dict[str, Any], image: dict[str, Any]
) -> RequestBody:
    """Describe the body with one drawing.

    drawing         the schema of its JSON
    strokes, image  examples of that
    """
    file = Schema(type="string", schema_format="binary")
    form = Schema(
        type="object",
        properties={"image": file},
        required=["image"],
        additionalProperties=False,
    )
    return request_body(
        {
            JSON: drawing_body(drawing, strokes, image),
            **{kind: MediaType(media_type_schema=file) for kind in IMAGE_TYPES},
            "multipart/form-data": MediaType(
                media_type_schema=form,
                encoding={"image": Encoding(contentType=", ".join(IMAGE_TYPES))},
            ),
        }
    )


def _predict_batch(names: list[str], batch_limit: int) -> Operation:
    return Operation(
        operationId="predictBatch",
        tags=[_PREDICTIONS],
        summary="Recognize the digits in several drawings",
        description="The predictions are in the order of the drawings. An invalid drawing gets "
        "problem details instead of a prediction.",
        parameters=[model_parameter(names), _seen_parameter()],
        requestBody=_batch(schemas.Batch, batch_limit, examples.BATCH),
        security=MAYBE_PROFILE,
        responses=responses(schemas.Predictions, 401, *WITH_BODY),
    )


def _batch(schema: type[BaseModel], limit: int, example: dict[str, Any]) -> RequestBody:
    batch = schema.model_json_schema()
    del batch["description"]
    batch["properties"]["drawings"]["maxItems"] = limit
    return request_body({JSON: json_body(Schema.model_validate(batch), example)})


def _number(names: list[str]) -> Operation:
    return Operation(
        operationId="recognizeNumber",
        tags=[_NUMBERS],
        summary="Recognize the number in one drawing",
        description=f"{_FILES} The constraints are fields of a JSON body, or in the query.",
        parameters=[model_parameter(names), *_constraint_parameters()],
        requestBody=_drawing(number_schemas.NUMBER, examples.STROKES_NUMBER, examples.IMAGE_NUMBER),
        security=MAYBE_PROFILE,
        responses=responses(number_schemas.Number, 401, *WITH_BODY),
    )


def _number_batch(names: list[str], batch_limit: int) -> Operation:
    return Operation(
        operationId="recognizeNumbers",
        tags=[_NUMBERS],
        summary="Recognize the numbers in several drawings",
        description="The numbers are in the order of the drawings. An invalid drawing gets "
        "problem details instead of a number. The constraints are those of all drawings.",
        parameters=[model_parameter(names), *_constraint_parameters()],
        requestBody=_batch(number_schemas.NumberBatch, batch_limit, examples.NUMBER_BATCH),
        security=MAYBE_PROFILE,
        responses=responses(number_schemas.Numbers, 401, *WITH_BODY),
    )


def _explain(names: list[str]) -> Operation:
    return Operation(
        operationId="explain",
        tags=[_EXPLANATIONS],
        summary="Explain the prediction for one drawing",
        parameters=[model_parameter(names)],
        requestBody=request_body(
            {
                JSON: drawing_body(
                    explanation_schemas.EXPLANATION,
                    examples.STROKES_EXPLANATION,
                    examples.IMAGE_EXPLANATION,
                )
            }
        ),
        security=MAYBE_PROFILE,
        responses=responses(explanation_schemas.Explanation, 401, *WITH_BODY),
    )


def _constraint_parameters() -> Iterator[Parameter]:
    """Describe the constraints in the query; they are the same as in a body."""
    fields = number_schemas.NumberConstraints.model_json_schema()["properties"]
    for name, field in fields.items():
        schema = field["anyOf"][0] | ({"format": field["format"]} if "format" in field else {})
        parameter = query_parameter(name, field["description"], Schema.model_validate(schema))
        is_list = schema["type"] == "array"  # separated by commas
        yield parameter.model_copy(update={"explode": False}) if is_list else parameter


def _seen_parameter() -> Parameter:
    return query_parameter(
        "seen",
        "Whether the response includes the 28x28 input of the network.",
        Schema(type="boolean", default=False),
    )


def _service_or_page() -> dict[str, Response]:
    described = responses(schemas.Service, *ALWAYS)
    content = described["200"].content
    assert content is not None
    content["text/html"] = MediaType(media_type_schema=Schema(type="string"))
    return described


def _components() -> dict[str, Schema | Reference]:
    # The schema of a batch is part of its operation, because its limit depends on a setting.
    excluded = (
        schemas.StrictModel,
        schemas.Batch,
        number_schemas.NumberBatch,
        number_schemas.NumberConstraints,
        explanation_schemas.ExplanationOptions,
        profile_schemas.Labeled,
        profile_schemas.Corrected,
    )
    classes = {
        schema
        for module in (schemas, number_schemas, explanation_schemas, profile_schemas, lab_schemas)
        for schema in vars(module).values()
        if isinstance(schema, type) and issubclass(schema, schemas.StrictModel)
    }
    adapters: list[TypeAdapter[Any]] = [
        TypeAdapter(schema) for schema in classes.difference(excluded)
    ]
    _, defined = TypeAdapter.json_schemas(
        [(index, "validation", adapter) for index, adapter in enumerate(adapters)],
        ref_template=TEMPLATE,
    )
    return {
        name: Schema.model_validate(schema) for name, schema in sorted(defined["$defs"].items())
    }
