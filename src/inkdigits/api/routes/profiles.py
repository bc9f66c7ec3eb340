"""Profiles: one person's handwriting, for whoever has its token: see profile_access."""

from collections.abc import Sequence
from http import HTTPStatus

from flask import Blueprint, Response, request
from werkzeug.exceptions import UnsupportedMediaType

from inkdigits.api import profile_schemas
from inkdigits.api.bodies import choose_model, json_response, read_json
from inkdigits.api.headers import (
    PROFILE_PATH,
    PROFILES_PATH,
    require_accepts_json,
    require_uncompressed_body,
)
from inkdigits.api.parsing import read_body
from inkdigits.api.profile_access import ProfileAccess, check_digits, current_model
from inkdigits.api.profile_accuracy import ProfileAccuracies
from inkdigits.api.profile_limits import ProfileLimits, sample_count
from inkdigits.api.profile_responses import (
    describe_model,
    describe_profile,
    describe_sample,
    unique_name,
)
from inkdigits.api.profile_samples import Drawn, make_corrections, make_samples
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.settings import Settings
from inkdigits.api.validation import parse_query, validate
from inkdigits.personal import CONSENT_TEXT, CONSENT_VERSION, Profile
from inkdigits.recognizer import Recognizer

FILE_NAME = "handwriting.profile.json"


def create_blueprint(
    registry: ModelRegistry, settings: Settings, access: ProfileAccess
) -> Blueprint:
    """Create the routes of profiles; without a database, each says so."""
    bp = Blueprint("profiles", __name__)
    limits = ProfileLimits(settings)
    accuracies = ProfileAccuracies()

    bp.before_request(require_accepts_json)
    bp.before_request(require_uncompressed_body)

    def described(profile: Profile) -> Response:
        return json_response(describe_profile(profile, limits.max_samples))

    def created(profile: Profile) -> Response:
        content = describe_profile(profile, limits.max_samples).model_dump()
        token = profile.new_token()
        response = json_response(profile_schemas.CreatedProfile(**content, token=token))
        response.status_code = HTTPStatus.CREATED
        response.headers["Location"] = PROFILE_PATH
        return response

    def base_model() -> Recognizer:
        base = choose_model(registry, parse_query("model").get("model"))
        check_digits(base)
        return base

    def added(profile: Profile, base: Recognizer, drawn: Sequence[Drawn]) -> Response:
        version = profile.add([each.sample for each in drawn])
        current = current_model(profile, base)
        change = profile_schemas.ProfileChange(
            version=version.number,
            samples=[each.changed(current.recognizer) for each in drawn],
            personal_model=describe_model(base, current.model),
            profile=describe_profile(profile, limits.max_samples),
        )
        response = json_response(change)
        response.status_code = HTTPStatus.CREATED
        return response

    @bp.get(f"{PROFILES_PATH}/consent")
    def consent() -> Response:
        access.profiles()
        parse_query()
        return json_response(profile_schemas.Consent(version=CONSENT_VERSION, text=CONSENT_TEXT))

    @bp.post(PROFILES_PATH)
    def create_profile() -> Response:
        profiles = access.profiles()
        parse_query()
        given = validate(profile_schemas.NEW_PROFILE, read_json())
        limits.check_creation(profiles)
        name = None if given.name is None else unique_name(given.name)
        return created(profiles.create(name, consent=given.consent))

    @bp.post(f"{PROFILES_PATH}/import")
    def import_profile() -> Response:
        profiles = access.profiles()
        parse_query()
        if request.mimetype != "application/json":
            raise UnsupportedMediaType(
                "The body must be the file of an exported profile; send the header Content-Type: "
                "application/json."
            )
        body = read_body()
        limits.check_creation(profiles)
        profile = profiles.import_file(body)
        try:
            limits.check_samples(sample_count(profile))
            return created(profile)
        except BaseException:
            profile.delete()
            raise

    @bp.get(PROFILE_PATH)
    def get_profile() -> Response:
        profile = access.profile()
        parse_query()
        return described(profile)

    @bp.delete(PROFILE_PATH)
    def delete_profile() -> Response:
        profile = access.profile()
        parse_query()
        profile.delete()
        response = Response(status=HTTPStatus.NO_CONTENT)
        del response.headers["Content-Type"]
        return response

    @bp.post(f"{PROFILE_PATH}/token")
    def renew_token() -> Response:
        profile = access.profile()
        parse_query()
        limits.check_change(profile)
        return json_response(profile_schemas.ProfileToken(token=profile.new_token()))

    @bp.get(f"{PROFILE_PATH}/samples")
    def list_samples() -> Response:
        profile = access.profile()
        parse_query()
        samples = [describe_sample(each) for each in profile.samples()]
        return json_response(profile_schemas.ProfileSamples(samples=samples))

    @bp.post(f"{PROFILE_PATH}/samples")
    def add_samples() -> Response:
        profile, base = access.profile(), base_model()
        drawings = validate(profile_schemas.NEW_SAMPLES, read_json()).samples
        limits.check_change(profile, len(drawings))
        return added(profile, base, make_samples(base, drawings, settings.batch_timeout_s))

    @bp.delete(f"{PROFILE_PATH}/samples/<sample>")
    def delete_sample(sample: str) -> Response:
        profile = access.profile()
        parse_query()
        limits.check_change(profile)
        profile.remove([sample])
        return described(profile)

    @bp.post(f"{PROFILE_PATH}/corrections")
    def correct() -> Response:
        profile, base = access.profile(), base_model()
        correction = validate(profile_schemas.CORRECTION, read_json())
        limits.check_change(profile, len(correction.text))
        return added(profile, base, make_corrections(base, correction))

    @bp.post(f"{PROFILE_PATH}/undo")
    def undo() -> Response:
        profile = access.profile()
        parse_query()
        limits.check_change(profile)
        profile.undo()
        return described(profile)

    @bp.get(f"{PROFILE_PATH}/accuracy")
    def accuracy() -> Response:
        profile, base = access.profile(), base_model()
        return json_response(accuracies.of(profile, base))

    @bp.get(f"{PROFILE_PATH}/export")
    def export() -> Response:
        profile = access.profile()
        parse_query()
        return Response(
            profile.export(),
            headers={"Content-Disposition": f'attachment; filename="{FILE_NAME}"'},
            content_type="application/json",
        )

    return bp
