"""A client for the HTTP service: Client("http://127.0.0.1:5000").predict("digit.png").digit."""

from inkdigits.client.calls import Drawing, Prediction, Result, ServiceError, Stroke
from inkdigits.client.clients import AsyncClient, Client

__all__ = ["AsyncClient", "Client", "Drawing", "Prediction", "Result", "ServiceError", "Stroke"]
