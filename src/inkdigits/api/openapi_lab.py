"""The operations of the lab in the OpenAPI document."""

from typing import Any

from openapi_pydantic.v3.v3_1 import (
    MediaType,
    Operation,
    Parameter,
    PathItem,
    RequestBody,
    Response,
    Schema,
)
from pydantic import BaseModel

from inkdigits.api import examples, lab_schemas
from inkdigits.api.drawings import DRAWING
from inkdigits.api.headers import LAB_PATH as PATH
from inkdigits.api.openapi_parts import (
    ALWAYS,
    JSON,
    TEMPLATE,
    headers,
    json_body,
    json_content,
    problem,
    problems,
    query_parameter,
    reference,
    request_body,
)

LAB = "lab"
LAB_DESCRIPTION = (
    "Train models and watch them learn. Only on a server that nobody but its own computer reaches, "
    "or one that was started with INKDIGITS_LAB=1; every request but the first needs a token"
)
_PROBLEMS = {
    401: "The token is missing or wrong.",
    403: "The request comes from a page of another origin, or through a proxy.",
    404: "This server has no lab, or there is no run with this name.",
    409: "The run is in a state in which this cannot be done, or a limit is reached.",
}
_INVALID = "An option or a parameter is missing, unknown or invalid; `field` names the option."
_WITH_BODY = (400, 408, 413, 415)


def lab_paths() -> dict[str, PathItem]:
    """Describe all routes of the lab."""
    run, runs = f"{PATH}/runs/{{name}}", f"{PATH}/runs"
    return {
        PATH: PathItem(
            get=_operation(
                "getLab", "Get the lab's token, and what one can choose", lab_schemas.Lab
            )
        ),
        runs: PathItem(
            get=_operation("listRuns", "List all runs", lab_schemas.LabRuns),
            post=_operation(
                "startRun",
                "Start a run",
                lab_schemas.LabRunDetail,
                status=201,
                body=_json(lab_schemas.LabOptions, {"recipe": "mlp", "epochs": 3}),
            ),
        ),
        run: PathItem(
            get=_operation("getRun", "Describe a run", lab_schemas.LabRunDetail),
            delete=_operation("deleteRun", "Delete a run, which must not be training"),
        ),
        f"{run}/commands": PathItem(
            post=_operation(
                "commandRun",
                "Send a command to a run",
                status=202,
                body=_json(lab_schemas.LabCommand, {"command": "learning_rate", "value": 0.001}),
            )
        ),
        f"{run}/again": PathItem(
            post=_operation(
                "repeatRun",
                "Start a run with the options and the seed of this one",
                lab_schemas.LabRunDetail,
                status=201,
                body=_json(lab_schemas.LabRepeat, {"replay": True}),
            )
        ),
        f"{run}/events": PathItem(get=_follow()),
        f"{run}/drawing": PathItem(
            put=_operation(
                "watchDrawing",
                "Let a run predict a drawing while it learns",
                body=_drawing(),
            ),
            delete=_operation("forgetDrawing", "Let a run predict no drawing"),
        ),
        f"{run}/confusion": PathItem(
            get=_operation("getConfusion", "Get the confusion matrix", lab_schemas.LabConfusion)
        ),
        f"{run}/mistakes": PathItem(
            get=_operation(
                "getMistakes",
                "Get the validation images that were predicted wrongly",
                lab_schemas.LabDigits,
            )
        ),
        f"{run}/digits": PathItem(
            get=_operation(
                "getDigits",
                "Get the validation images of a cell of the confusion matrix",
                lab_schemas.LabDigits,
                parameters=[_class("actual"), _class("predicted")],
            )
        ),
        f"{run}/serve": PathItem(
            post=_operation(
                "serveRun",
                "Serve the model of a run, under the run's name",
                lab_schemas.LabRunDetail,
            ),
            delete=_operation("stopServingRun", "Serve the model of a run no more"),
        ),
        f"{run}/record": PathItem(
            get=_operation(
                "getRecord",
                "Download the settings of a run, all changes to them, and its results",
                {"type": "object"},
            )
        ),
    }


def _operation(
    name: str,
    summary: str,
    schema: type[BaseModel] | dict[str, Any] | None = None,
    *,
    status: int | None = None,
    body: RequestBody | None = None,
    parameters: list[Parameter] | None = None,
) -> Operation:
    """Describe an operation of the lab.

    schema  of its response; None for a response without a body
    """
    success = Response(
        description="OK",
        headers=headers(),
        content=None if schema is None else json_content(schema),
    )
    return Operation(
        operationId=name,
        tags=[LAB],
        summary=summary,
        parameters=[*_path_parameters(name), *(parameters or [])],
        requestBody=body,
        responses={
            str(status or (200 if schema else 204)): success,
            **problems(422, *(_WITH_BODY if body else ()), *ALWAYS),
            **{str(code): problem(code, text) for code, text in _PROBLEMS.items()},
            "422": problem(422, _INVALID, lab_schemas.LabProblem),
        },
    )


def _path_parameters(name: str) -> list[Parameter]:
    if name in ("getLab", "listRuns", "startRun"):
        return []
    described = {
        "name": "name",
        "in": "path",
        "required": True,
        "description": "The name of the run.",
        "example": "mlp-seed-0",
        "schema": Schema(type="string", maxLength=lab_schemas.MAX_NAME),
    }
    return [Parameter.model_validate(described)]


def _json(schema: type[BaseModel], example: dict[str, Any]) -> RequestBody:
    return request_body({JSON: json_body(reference(schema), example)})


def _drawing() -> RequestBody:
    kinds = DRAWING.json_schema(ref_template=TEMPLATE)["oneOf"]
    return request_body({JSON: json_body(Schema(oneOf=kinds), examples.STROKES_DRAWING)})


def _class(name: str) -> Parameter:
    parameter = query_parameter(name, "The name of a class.", Schema(type="string"))
    return parameter.model_copy(update={"required": True})


def _follow() -> Operation:
    """Describe the stream of events."""
    after = query_parameter(
        "after",
        "The id of the event to continue after; the header Last-Event-ID takes precedence.",
        Schema(type="integer", minimum=0, default=0),
    )
    operation = _operation("followRun", "Follow the events of a run", {}, parameters=[after])
    assert operation.responses is not None
    operation.responses["200"] = Response(
        description="Server-sent events, whose data are JSON; docs/lab.md describes them. The last "
        'one has the type "end"; otherwise the client should connect again.',
        headers=headers(),
        content={"text/event-stream": MediaType(media_type_schema=Schema(type="string"))},
    )
    return operation
