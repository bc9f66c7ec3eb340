"""`AsyncClient`: it makes the same calls as `Client`, and differs only in how it waits."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from os import PathLike
from typing import Any, Self, TypeVar

import httpx

from inkdigits.client import profile_calls
from inkdigits.client.calls import (
    MODELS,
    Call,
    NumberResult,
    Result,
    batches,
    explanation,
    number_batches,
    one,
    one_number,
    unreachable,
)
from inkdigits.client.drawings import Drawing
from inkdigits.client.profile_client import WithToken
from inkdigits.client.results import Number, Prediction
from inkdigits.client.retries import Retries

T = TypeVar("T")


class AsyncClient(WithToken):
    """`Client` for asyncio: use it in an `async with` statement, or close it."""

    def __init__(
        self, base_url: str, timeout_s: float = 30, *, token: str | None = None, retries: int = 2
    ) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, timeout=timeout_s)
        super().__init__(self._http)
        self.token = token
        self._retries = retries

    async def predict(
        self, drawing: Drawing, model: str | None = None, seen: bool = False
    ) -> Prediction:
        """Recognize the digit in one drawing, as `Client.predict` does."""
        return await self._send(one(drawing, model, seen))

    async def predict_many(
        self, drawings: Iterable[Drawing], model: str | None = None, seen: bool = False
    ) -> AsyncIterator[Result]:
        """Recognize the digits in any number of drawings, as `Client.predict_many` does."""
        for call in batches(drawings, model, seen):
            if isinstance(call, OSError):
                yield call
                continue
            for result in await self._send(call):
                yield result

    async def recognize_number(
        self,
        drawing: Drawing,
        model: str | None = None,
        *,
        length: int | None = None,
        pattern: str | None = None,
        choices: Iterable[str] | None = None,
        checksum: str | None = None,
    ) -> Number:
        """Recognize the number in one drawing, as `Client.recognize_number` does."""
        known = {"length": length, "pattern": pattern, "choices": choices, "checksum": checksum}
        return await self._send(one_number(drawing, model, known))

    async def recognize_numbers(
        self,
        drawings: Iterable[Drawing],
        model: str | None = None,
        *,
        length: int | None = None,
        pattern: str | None = None,
        choices: Iterable[str] | None = None,
        checksum: str | None = None,
    ) -> AsyncIterator[NumberResult]:
        """Recognize the numbers in any number of drawings, as `Client.recognize_numbers` does."""
        known = {"length": length, "pattern": pattern, "choices": choices, "checksum": checksum}
        for call in number_batches(drawings, model, known):
            if isinstance(call, OSError):
                yield call
                continue
            for result in await self._send(call):
                yield result

    async def explain(
        self,
        drawing: Drawing,
        model: str | None = None,
        *,
        parts: Iterable[str] | None = None,
        target: str | None = None,
        unit: tuple[int, Sequence[int]] | None = None,
        preprocess: bool = True,
    ) -> dict[str, Any]:
        """Explain the prediction for one drawing, as `Client.explain` does."""
        options = {"parts": parts, "target": target, "unit": unit, "preprocess": preprocess}
        return await self._send(explanation(drawing, model, options))

    async def models(self) -> list[dict[str, Any]]:
        """Describe the models being served; raises ServiceError."""
        return await self._send(MODELS)

    async def consent(self) -> dict[str, Any]:
        """Do what `Client.consent` does."""
        return await self._send(profile_calls.consent())

    async def create_profile(self, *, consent: bool, name: str | None = None) -> dict[str, Any]:
        """Do what `Client.create_profile` does."""
        return self._use(await self._send(profile_calls.create(consent, name)))

    async def import_profile(self, file: str | PathLike[str] | bytes) -> dict[str, Any]:
        """Do what `Client.import_profile` does."""
        return self._use(await self._send(profile_calls.import_file(file)))

    async def profile(self) -> dict[str, Any]:
        """Do what `Client.profile` does."""
        return await self._send(profile_calls.profile())

    async def delete_profile(self) -> None:
        """Do what `Client.delete_profile` does."""
        await self._send(profile_calls.delete())
        self.token = None

    async def renew_token(self) -> str:
        """Do what `Client.renew_token` does."""
        self.token = token = await self._send(profile_calls.renew_token())
        return token

    async def samples(self) -> list[dict[str, Any]]:
        """Do what `Client.samples` does."""
        return await self._send(profile_calls.samples())

    async def add_samples(
        self, samples: Iterable[tuple[Drawing, int]], model: str | None = None
    ) -> dict[str, Any]:
        """Do what `Client.add_samples` does."""
        return await self._send(profile_calls.add(samples, model))

    async def correct(
        self, drawing: Drawing, text: str, model: str | None = None, is_number: bool | None = None
    ) -> dict[str, Any]:
        """Do what `Client.correct` does."""
        return await self._send(profile_calls.correct(drawing, text, model, is_number))

    async def remove_sample(self, sample: str) -> dict[str, Any]:
        """Do what `Client.remove_sample` does."""
        return await self._send(profile_calls.remove(sample))

    async def undo(self) -> dict[str, Any]:
        """Do what `Client.undo` does."""
        return await self._send(profile_calls.undo())

    async def accuracy(self, model: str | None = None) -> dict[str, Any]:
        """Do what `Client.accuracy` does."""
        return await self._send(profile_calls.accuracy(model))

    async def export_profile(self) -> bytes:
        """Do what `Client.export_profile` does."""
        return await self._send(profile_calls.export())

    def _use(self, created: dict[str, Any]) -> dict[str, Any]:
        self.token = created["token"]
        return created

    async def _send(self, call: Call[T]) -> T:
        retries = Retries(call, self._retries)
        while True:
            try:
                response = await self._http.request(**call.request)
            except httpx.HTTPError as error:
                wait_s = retries.after_error(error)
                if wait_s is None:
                    raise unreachable(error) from error
            else:
                wait_s = retries.after_response(response)
                if wait_s is None:
                    return call.interpret(response)
            await asyncio.sleep(wait_s)

    async def aclose(self) -> None:
        """Close the connections to the service."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
