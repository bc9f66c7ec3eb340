"""A client for the HTTP service: Client("http://127.0.0.1:5000").predict("digit.png").digit."""

from inkdigits.client.async_client import AsyncClient
from inkdigits.client.calls import NumberResult, Result
from inkdigits.client.clients import Client
from inkdigits.client.drawings import Drawing, Stroke
from inkdigits.client.results import (
    Candidate,
    Number,
    NumberDigit,
    Prediction,
    Separator,
    ServiceError,
)

__all__ = [
    "AsyncClient",
    "Candidate",
    "Client",
    "Drawing",
    "Number",
    "NumberDigit",
    "NumberResult",
    "Prediction",
    "Result",
    "Separator",
    "ServiceError",
    "Stroke",
]
