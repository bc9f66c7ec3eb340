"""All that can be set of the service, by variables INKDIGITS_*: docs/api.md lists them."""

import os
import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from inkdigits.recognizer import DEFAULT_MODEL

# Where the drawing page runs while it is developed, or from its container.
DEFAULT_ORIGINS = tuple(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 5173, 8080)
)
# A picture of 16 MiB in base64, and what JSON and a data URL put around it.
MAX_BODY_BYTES = 16 * 2**20 * 4 // 3 + 2**10
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
RATE = re.compile(r"[1-9][0-9]* ?(/|per) ?(second|minute|hour|day)")

Names = Annotated[tuple[str, ...], NoDecode]


def _processors() -> int:
    """How many processors this process may use: in a container fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Settings(BaseSettings):
    """What the service is to do; lists are separated by commas.

    raises   pydantic.ValidationError for a value that cannot be
    """

    model_config = SettingsConfigDict(env_prefix="INKDIGITS_", frozen=True)

    host: str = Field("127.0.0.1", description="the address to listen at")
    port: int = Field(5000, ge=0, le=65535, description="the port to listen at; 0 takes a free one")
    workers: int = Field(
        default_factory=_processors, ge=1, le=256, description="processes that answer"
    )
    models: Names = Field(
        (DEFAULT_MODEL,),
        min_length=1,
        description="model files, or names of shipped models; the first answers unless told "
        "otherwise",
    )
    origins: Names = Field(
        DEFAULT_ORIGINS, description="origins whose pages may call from a browser"
    )
    max_body_bytes: int = Field(
        MAX_BODY_BYTES, ge=1024, description="the largest body that is read"
    )
    body_memory_bytes: int = Field(
        128 * 2**20,
        ge=4096,
        description="bytes of bodies over 64 KiB that a worker holds at once, half of them for one "
        "client; 503 beyond. At least twice the largest body",
    )
    batch_limit: int = Field(32, ge=1, le=10_000, description="drawings in one batch, at most")
    threads: int = Field(1, ge=1, le=64, description="of each worker, that read drawings")
    queue: int = Field(
        64, ge=0, le=10_000, description="requests that wait in a worker, at most; 503 beyond"
    )
    deadline_s: float = Field(
        5.0, gt=0, le=3600, description="how long a request may wait for its turn; then 503"
    )
    request_timeout_s: float = Field(
        10.0,
        gt=0,
        le=3600,
        description="how long the service works on one batch; the drawings left then get 503",
    )
    header_timeout_s: float = Field(
        5.0, gt=0, le=3600, description="how long a client may take to send its headers; then 408"
    )
    body_timeout_s: float = Field(
        20.0, gt=0, le=3600, description="how long a client may take to send its body; then 408"
    )
    connections: int = Field(
        1024,
        ge=8,
        le=65536,
        description="open in a worker at once, at most; beyond, the one that has been silent "
        "longest is closed",
    )
    client_connections: int = Field(
        256,
        ge=1,
        le=65536,
        description="the same for one client, an IPv4 address or an IPv6 /64; not applied behind "
        "proxies",
    )
    drain_s: float = Field(
        5.0,
        ge=0,
        le=3600,
        description="from SIGTERM to the end of listening, while readiness is 503",
    )
    grace_s: int = Field(
        30, ge=1, le=3600, description="for requests in progress after that, before they are cut"
    )
    watchdog_s: float = Field(
        15.0,
        ge=2,
        le=3600,
        description="a worker that gives no sign of life for so long is replaced",
    )
    reload_s: float = Field(
        1.0, ge=0, le=3600, description="how often the models' files are looked at; 0: never"
    )
    rate_limit: str = Field(
        "", description="requests of one client, such as 60/minute; none if empty"
    )
    rate_limit_storage: str = Field(
        "memory://",
        description="where they are counted: each worker for itself, or redis://... for all",
    )
    proxies: int = Field(
        0, ge=0, le=10, description="trusted proxies in front, which say who the client is"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="info logs every request, warning only what goes wrong"
    )

    @field_validator("models", "origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("origins")
    @classmethod
    def _are_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin; write scheme, host and port as a browser sends "
                    "them, for example http://localhost:3000"
                )
        return origins

    @model_validator(mode="after")
    def _has_room_for_a_body(self) -> Self:
        if self.body_memory_bytes < 2 * self.max_body_bytes:
            # Set by nobody: what was set is the body.
            if "body_memory_bytes" not in self.model_fields_set:
                object.__setattr__(self, "body_memory_bytes", 2 * self.max_body_bytes)
                return self
            raise ValueError(
                "INKDIGITS_BODY_MEMORY_BYTES must be at least twice INKDIGITS_MAX_BODY_BYTES"
            )
        return self

    @field_validator("rate_limit")
    @classmethod
    def _is_rate(cls, rate: str) -> str:
        if rate and not RATE.fullmatch(rate):
            raise ValueError(f"{rate!r} is no rate; write, for example, 60/minute")
        return rate
