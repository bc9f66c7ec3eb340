"""The methods of `Client` for profiles: what a service has learned of one person's handwriting."""

import time
from collections.abc import Iterable
from os import PathLike
from typing import Any, TypeVar

import httpx

from inkdigits.client import profile_calls
from inkdigits.client.calls import Call, unreachable
from inkdigits.client.drawings import Drawing
from inkdigits.client.retries import Retries

T = TypeVar("T")


class WithToken:
    """What both clients have in common: the token of the profile with which requests are made."""

    def __init__(self, http: httpx.Client | httpx.AsyncClient) -> None:
        self._headers = http.headers

    @property
    def token(self) -> str | None:
        """The token of the profile with which requests are made; None for no profile."""
        value = self._headers.get("Authorization")
        return None if value is None else value.removeprefix("Bearer ")

    @token.setter
    def token(self, token: str | None) -> None:
        if token is None:
            self._headers.pop("Authorization", None)
        else:
            self._headers["Authorization"] = f"Bearer {token}"


class ProfileClient(WithToken):
    """The part of `Client` that sends requests, and that is about profiles."""

    def __init__(self, http: httpx.Client, retries: int) -> None:
        super().__init__(http)
        self._http = http
        self._retries = retries

    def consent(self) -> dict[str, Any]:
        """Return what a person must agree to before a profile is created: version and text.

        The methods for profiles return the objects that docs/api.md describes, and raise
        ServiceError.
        """
        return self._send(profile_calls.consent())

    def create_profile(self, *, consent: bool, name: str | None = None) -> dict[str, Any]:
        """Create a profile, and use it from now on; keep its token, or it is lost.

        consent  whether the person has agreed to the text
        """
        return self._use(self._send(profile_calls.create(consent, name)))

    def import_profile(self, file: str | PathLike[str] | bytes) -> dict[str, Any]:
        """Create a profile of an exported file, and use it from now on."""
        return self._use(self._send(profile_calls.import_file(file)))

    def profile(self) -> dict[str, Any]:
        """Describe the profile."""
        return self._send(profile_calls.profile())

    def delete_profile(self) -> None:
        """Delete the profile, so that nothing of it is left."""
        self._send(profile_calls.delete())
        self.token = None

    def renew_token(self) -> str:
        """Replace the token of the profile, and use the new one from now on."""
        self.token = token = self._send(profile_calls.renew_token())
        return token

    def samples(self) -> list[dict[str, Any]]:
        """Return the samples of the profile, oldest first."""
        return self._send(profile_calls.samples())

    def add_samples(
        self, samples: Iterable[tuple[Drawing, int]], model: str | None = None
    ) -> dict[str, Any]:
        """Add samples to the profile, all of them or none.

        samples  up to 100 drawings, as `predict` takes them, each with the digit that it is
        model    whose predictions before and after are compared
        """
        return self._send(profile_calls.add(samples, model))

    def correct(
        self, drawing: Drawing, text: str, model: str | None = None, is_number: bool | None = None
    ) -> dict[str, Any]:
        """Add a drawing that was recognized wrongly to the profile.

        text       the digit that it is, or the digits of a number
        is_number  whether it is a number; None if that is to depend on the length of the text
        """
        return self._send(profile_calls.correct(drawing, text, model, is_number))

    def remove_sample(self, sample: str) -> dict[str, Any]:
        """Remove a sample by its id, also from all versions; return the profile."""
        return self._send(profile_calls.remove(sample))

    def undo(self) -> dict[str, Any]:
        """Remove the samples that were added last; return the profile."""
        return self._send(profile_calls.undo())

    def accuracy(self, model: str | None = None) -> dict[str, Any]:
        """Count how many of the samples are recognized, each by a model fitted to the others."""
        return self._send(profile_calls.accuracy(model))

    def export_profile(self) -> bytes:
        """Return the profile as the content of a file."""
        return self._send(profile_calls.export())

    def _use(self, created: dict[str, Any]) -> dict[str, Any]:
        self.token = created["token"]
        return created

    def _send(self, call: Call[T]) -> T:
        retries = Retries(call, self._retries)
        while True:
            try:
                response = self._http.request(**call.request)
            except httpx.HTTPError as error:
                wait_s = retries.after_error(error)
                if wait_s is None:
                    raise unreachable(error) from error
            else:
                wait_s = retries.after_response(response)
                if wait_s is None:
                    return call.interpret(response)
            time.sleep(wait_s)
