"""The lab: trains models, and shows how they learn. For whoever has its token: see lab_access."""

import base64
import json
import re
from collections.abc import Container, Iterable
from dataclasses import fields, is_dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import Conflict, UnprocessableEntity

from inkdigits.api import lab_schemas
from inkdigits.api.bodies import json_response, read_drawing, read_json
from inkdigits.api.drawings import DRAWING, ink_of, render_strokes
from inkdigits.api.errors import PROBLEM_TYPE, problem, problem_response
from inkdigits.api.headers import LAB_PATH as PATH
from inkdigits.api.headers import request_id, require_accepts_json, require_uncompressed_body
from inkdigits.api.lab_access import LabAccess, check_origin, check_token
from inkdigits.api.lab_events import EventStream
from inkdigits.api.parsing import decode_image
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.schemas import ImageDrawing, PixelsDrawing
from inkdigits.api.served_runs import MAX_SERVED, ServedRuns
from inkdigits.api.settings import Settings
from inkdigits.api.validation import InvalidField, parse_query, validate
from inkdigits.lab import (
    Command,
    Lab,
    LabError,
    LabLimits,
    LabOptions,
    RunDetail,
    RunSummary,
    UnknownRun,
    ValidationDigit,
)
from inkdigits.lab.choices import option_choices, recipe_choices
from inkdigits.storage.files import FileError

log = structlog.get_logger()

RUN = f"{PATH}/runs/<name>"
MAX_CLASS_NAME = 200  # characters in a query


def create_blueprint(registry: ModelRegistry, settings: Settings, access: LabAccess) -> Blueprint:
    """Create the routes under /api/v1/lab."""
    bp = Blueprint("lab", __name__)
    limits = LabLimits(
        running=settings.lab_running,
        kept=settings.lab_kept,
        memory_bytes=settings.lab_memory_bytes,
        seconds=settings.lab_run_s,
        checkpoints=settings.lab_checkpoints,
        own_data=settings.lab_own_data,
    )
    lab = Lab(settings.lab_folder, settings.lab_data_dir, limits)
    served = ServedRuns(settings.lab_folder)

    @bp.before_request
    def check_access() -> None:
        check_origin(access)
        if request.endpoint != "lab.describe":
            check_token(access)

    bp.before_request(require_uncompressed_body)
    bp.register_error_handler(LabError, _refuse)
    bp.register_error_handler(UnprocessableEntity, _refuse_request)
    bp.register_error_handler(FileError, _file_problem)
    bp.register_error_handler(OSError, _file_problem)

    def run_of(name: str) -> lab_schemas.LabRunDetail:
        return _detail(lab.run(name), registry)

    def created(name: str) -> Response:
        # A run that had this name may have been served until its folder was deleted by hand.
        served.remove(name)
        response = json_response(run_of(name))
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = f"{PATH}/runs/{name}"
        return response

    @cache
    def recipes() -> list[lab_schemas.LabRecipe]:
        return [lab_schemas.LabRecipe(**plain(each)) for each in recipe_choices()]

    @bp.get(PATH)
    def describe() -> Response:
        require_accepts_json()
        parse_query()
        return json_response(
            lab_schemas.Lab(
                token=access.token if access.is_given else None,
                recipes=recipes(),
                choices=option_choices(),
                limits=lab_schemas.LabLimits(
                    running=limits.running,
                    kept=limits.kept,
                    memory_bytes=limits.memory_bytes,
                    seconds=limits.seconds,
                    checkpoints=limits.checkpoints,
                    streams=settings.lab_streams,
                    served=MAX_SERVED,
                ),
                data=[lab_schemas.LabData(**plain(source)) for source in lab.data()],
                folder=settings.lab_folder.absolute().name,
            )
        )

    @bp.get(f"{PATH}/runs")
    def list_runs() -> Response:
        require_accepts_json()
        parse_query()
        served_names = {model.name for model in registry}
        runs = [_summary(run, served_names) for run in lab.runs()]
        return json_response(lab_schemas.LabRuns(runs=runs))

    @bp.post(f"{PATH}/runs")
    def start_run() -> Response:
        parse_query()
        options = validate(lab_schemas.OPTIONS, read_json()).model_dump()
        hidden = options.pop("hidden")
        hidden = None if hidden is None else tuple(hidden)
        return created(lab.start(LabOptions(**options, hidden=hidden)))

    @bp.get(RUN)
    def get_run(name: str) -> Response:
        require_accepts_json()
        parse_query()
        return json_response(run_of(name))

    @bp.delete(RUN)
    def delete_run(name: str) -> Response:
        parse_query()
        lab.delete(name)
        served.remove(name)
        return _nothing()

    @bp.post(f"{RUN}/commands")
    def send_command(name: str) -> Response:
        parse_query()
        command = validate(lab_schemas.COMMAND, read_json())
        lab.command(name, Command(command.command, command.value))
        return _nothing(HTTPStatus.ACCEPTED)

    @bp.post(f"{RUN}/again")
    def repeat_run(name: str) -> Response:
        parse_query()
        repeat = validate(lab_schemas.REPEAT, read_json())
        return created(lab.again(name, replay=repeat.replay))

    @bp.get(f"{RUN}/events")
    def follow_run(name: str) -> Response:
        after = request.headers.get("Last-Event-ID", parse_query("after").get("after", "0"))
        if not re.fullmatch("[0-9]{1,15}", after):
            raise UnprocessableEntity(
                "The place to follow the events from must be the id of an event, or the offset of "
                "the run."
            )
        stream = EventStream(lab, name, int(after))
        # The server calls it again and again. Without that server, this is all.
        first = stream()
        request.environ["inkdigits.stream"] = stream
        # Neither a proxy nor a cache may hold events back.
        headers = {"X-Accel-Buffering": "no"}
        # An iterator, so that the response has no length.
        return Response(iter([first or b""]), headers=headers, content_type="text/event-stream")

    @bp.put(f"{RUN}/drawing")
    def watch_drawing(name: str) -> Response:
        parse_query()
        body = read_drawing()
        drawing = body if isinstance(body, bytes) else validate(DRAWING, body)
        if isinstance(drawing, bytes):
            lab.watch(name, drawing)
        elif isinstance(drawing, ImageDrawing):
            lab.watch(name, decode_image(drawing.image))
        elif isinstance(drawing, PixelsDrawing):
            lab.watch_ink(name, ink_of(drawing.pixels))
        else:
            lab.watch_ink(name, render_strokes(drawing.strokes).ink)
        return _nothing()

    @bp.delete(f"{RUN}/drawing")
    def forget_drawing(name: str) -> Response:
        parse_query()
        lab.unwatch(name)
        return _nothing()

    @bp.get(f"{RUN}/confusion")
    def confusion(name: str) -> Response:
        require_accepts_json()
        parse_query()
        matrix = lab.confusion(name)
        return json_response(
            lab_schemas.LabConfusion(classes=[], counts=[], step=None)
            if matrix is None
            else lab_schemas.LabConfusion(
                classes=list(matrix.classes), counts=matrix.counts.tolist(), step=matrix.step
            )
        )

    @bp.get(f"{RUN}/mistakes")
    def mistakes(name: str) -> Response:
        require_accepts_json()
        parse_query()
        return _digits(lab.mistakes(name))

    @bp.get(f"{RUN}/digits")
    def digits(name: str) -> Response:
        require_accepts_json()
        query = parse_query("actual", "predicted")
        if len(query) < 2 or max(map(len, query.values())) > MAX_CLASS_NAME:
            raise UnprocessableEntity('The query must name two classes: "actual" and "predicted".')
        return _digits(lab.digits(name, query["actual"], query["predicted"]))

    @bp.post(f"{RUN}/serve")
    def serve_run(name: str) -> Response:
        parse_query()
        path = lab.model_path(name)
        if registry.is_fixed(name):
            raise Conflict(
                "This server has another model of this name; repeat the run under another name, or "
                "start the server without that model."
            )
        if name not in served.sources() and len(served.sources()) >= MAX_SERVED:
            raise Conflict(
                f"{MAX_SERVED} runs are served, and more do not fit into memory; stop serving one "
                "of them."
            )
        served.add(name, path.name)
        if registry.get(name) is None:
            served.remove(name)
            raise Conflict("The model of this run cannot be loaded; the server's log says why.")
        return json_response(run_of(name))

    @bp.delete(f"{RUN}/serve")
    def stop_serving_run(name: str) -> Response:
        parse_query()
        lab.run(name)
        served.remove(name)
        return _nothing()

    @bp.get(f"{RUN}/record")
    def record(name: str) -> Response:
        require_accepts_json()
        parse_query()
        return Response(
            json.dumps(lab.record(name), indent=2, allow_nan=False) + "\n",
            headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
            content_type="application/json",
        )

    return bp


def _summary(run: RunSummary, served_names: Container[str]) -> lab_schemas.LabRun:
    return lab_schemas.LabRun(**vars(run), is_served=run.name in served_names)


def _detail(run: RunDetail, registry: ModelRegistry) -> lab_schemas.LabRunDetail:
    values = plain(run)
    is_served = any(model.name == run.summary.name for model in registry)
    return lab_schemas.LabRunDetail(**values.pop("summary"), **values, is_served=is_served)


def plain(value: Any) -> Any:
    """Convert dataclasses and tuples to dictionaries and lists, at every depth."""
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    return [plain(item) for item in value] if isinstance(value, tuple) else value


def _digits(digits: Iterable[ValidationDigit]) -> Response:
    return json_response(
        lab_schemas.LabDigits(
            digits=[
                lab_schemas.LabDigit(
                    number=digit.number,
                    actual=digit.actual,
                    predicted=digit.predicted,
                    confidence=digit.confidence,
                    picture=f"data:image/png;base64,{base64.b64encode(digit.png()).decode()}",
                )
                for digit in digits
            ]
        )
    )


def _nothing(status: HTTPStatus = HTTPStatus.NO_CONTENT) -> Response:
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response


def _refuse(error: LabError) -> Response:
    """Respond to what the lab does not do, in its own sentence."""
    if error.field is not None:
        return _invalid(str(error), error.field)
    is_unknown = isinstance(error, UnknownRun)
    return problem_response(HTTPStatus.NOT_FOUND if is_unknown else HTTPStatus.CONFLICT, str(error))


def _refuse_request(error: UnprocessableEntity) -> Response:
    """Respond to a body that does not fit its schema, or a wrong query."""
    field = error.field if isinstance(error, InvalidField) else None
    return _invalid(error.description or "", field)


def _invalid(detail: str, field: str | None) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    members = problem(status, detail, request_id()).model_dump()
    body = lab_schemas.LabProblem(**members, field=field).model_dump_json()
    return Response(body, status, content_type=PROBLEM_TYPE)


def _file_problem(error: Exception) -> Response:
    """Respond to files that cannot be used; only the log may have their paths."""
    log.error("lab_failed", reason=str(error))
    return problem_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The files of the lab cannot be used now; the server's log says why.",
    )
