"""The operations on profiles in the OpenAPI document."""

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

from inkdigits.api import examples, profile_schemas
from inkdigits.api.headers import PROFILE_PATH, PROFILES_PATH
from inkdigits.api.openapi_parts import (
    ALWAYS,
    JSON,
    WITH_PROFILE,
    drawing_body,
    headers,
    json_body,
    json_content,
    model_parameter,
    problem,
    problems,
    reference,
    request_body,
)

PROFILES = "profiles"
PROFILES_DESCRIPTION = (
    "Teach the service a person's handwriting. Only on a server that was started with a database "
    "(INKDIGITS_DATABASE); every request to a profile needs its token"
)
_NOT_HERE = "This server keeps no profiles, or the profile has no such sample."
_CONFLICT = "A limit is reached, the name is taken, or there is nothing to undo."
_WITH_BODY = (400, 408, 413, 415)


def profile_paths(models: list[str]) -> dict[str, PathItem]:
    """Describe all routes of profiles.

    models   names of the models being served, the default first
    """
    samples = f"{PROFILE_PATH}/samples"
    model = model_parameter(models)
    return {
        PROFILES_PATH: PathItem(
            post=_operation(
                "createProfile",
                "Create a profile for a person who agrees to that",
                profile_schemas.CreatedProfile,
                status=201,
                body=_json(profile_schemas.NewProfile, examples.NEW_PROFILE),
                has_token=False,
            )
        ),
        f"{PROFILES_PATH}/consent": PathItem(
            get=_operation(
                "getConsent",
                "Get what a person agrees to before anything is kept",
                profile_schemas.Consent,
                has_token=False,
            )
        ),
        f"{PROFILES_PATH}/import": PathItem(
            post=_operation(
                "importProfile",
                "Create a profile from an exported file",
                profile_schemas.CreatedProfile,
                status=201,
                body=request_body({JSON: MediaType(media_type_schema=Schema(type="object"))}),
                has_token=False,
            )
        ),
        PROFILE_PATH: PathItem(
            get=_operation("getProfile", "Describe the profile", profile_schemas.Profile),
            delete=_operation("deleteProfile", "Delete the profile, so that nothing is left"),
        ),
        f"{PROFILE_PATH}/token": PathItem(
            post=_operation(
                "renewToken",
                "Get a new token; the old one no longer opens the profile",
                profile_schemas.ProfileToken,
            )
        ),
        samples: PathItem(
            get=_operation("listSamples", "List the samples", profile_schemas.ProfileSamples),
            post=_operation(
                "addSamples",
                "Add samples, all of them or none",
                profile_schemas.ProfileChange,
                status=201,
                body=_json(profile_schemas.NewSamples, examples.NEW_SAMPLES),
                parameters=[model],
            ),
        ),
        f"{samples}/{{sample}}": PathItem(
            delete=_operation(
                "deleteSample",
                "Delete a sample, also from all versions",
                profile_schemas.Profile,
                parameters=[_sample_parameter()],
            )
        ),
        f"{PROFILE_PATH}/corrections": PathItem(
            post=_operation(
                "correct",
                "Add a drawing that was recognized wrongly; of a number, each of its digits",
                profile_schemas.ProfileChange,
                status=201,
                body=_corrections(),
                parameters=[model],
            )
        ),
        f"{PROFILE_PATH}/undo": PathItem(
            post=_operation(
                "undo", "Remove the samples that were added last", profile_schemas.Profile
            )
        ),
        f"{PROFILE_PATH}/accuracy": PathItem(
            get=_operation(
                "getAccuracy",
                "Count how many of the samples are recognized",
                profile_schemas.ProfileAccuracy,
                parameters=[model],
            )
        ),
        f"{PROFILE_PATH}/export": PathItem(
            get=_operation("exportProfile", "Download the profile as a file", {"type": "object"})
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
    has_token: bool = True,
) -> Operation:
    """Describe an operation on profiles.

    schema     of its response; None for a response without a body
    has_token  whether it needs the token of a profile
    """
    success = Response(
        description="OK",
        headers=headers(),
        content=None if schema is None else json_content(schema),
    )
    statuses = {401} if has_token else set()
    return Operation(
        operationId=name,
        tags=[PROFILES],
        summary=summary,
        parameters=parameters,
        security=WITH_PROFILE if has_token else None,
        requestBody=body,
        responses={
            str(status or (200 if schema else 204)): success,
            **problems(422, *statuses, *(_WITH_BODY if body else ()), *ALWAYS),
            "404": problem(404, _NOT_HERE),
            "409": problem(409, _CONFLICT),
        },
    )


def _json(schema: type[BaseModel], example: dict[str, Any]) -> RequestBody:
    return request_body({JSON: json_body(reference(schema), example)})


def _corrections() -> RequestBody:
    strokes, image = examples.STROKES_CORRECTION, examples.NUMBER_CORRECTION
    return request_body({JSON: drawing_body(profile_schemas.CORRECTION, strokes, image)})


def _sample_parameter() -> Parameter:
    described = {
        "name": "sample",
        "in": "path",
        "required": True,
        "description": "The id of the sample.",
        "schema": Schema(type="string", pattern="^[0-9a-f]{32}$"),
    }
    return Parameter.model_validate(described)
