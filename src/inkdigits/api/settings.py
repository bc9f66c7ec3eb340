"""The settings of the service, from INKDIGITS_* environment variables; docs/api.md lists them."""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from limits.errors import ConfigurationError
from limits.storage import storage_from_string
from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from inkdigits.api.clients import others_reach
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.personal.limits import MAX_SAMPLES

# Where the page runs during development and in its container.
DEFAULT_ORIGINS = tuple(
    f"http://{host}:{port}" for host in ("localhost", "127.0.0.1") for port in (3000, 5173, 8080)
)
# An image of 16 MiB in base64, plus the JSON and the data URL around it.
MAX_BODY_BYTES = 16 * 2**20 * 4 // 3 + 2**10
ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
IN_MEMORY = "memory://"  # the storage of the rate limit in each worker itself
RATE = re.compile(r"[1-9][0-9]* ?(/|per) ?(second|minute|hour|day)")
LAB_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{32,256}")  # what RFC 6750 allows as a bearer token

Names = Annotated[tuple[str, ...], NoDecode]


def _available_cpus() -> int:
    """Count the CPUs that this process may use, possibly fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


PREFIX = "INKDIGITS_"


class Settings(BaseSettings):
    """The settings of the service. In the environment, lists are separated by commas.

    raises   pydantic.ValidationError for an invalid value
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(5000, ge=0, le=65535, description="port to listen on; 0 picks a free one")
    workers: int = Field(
        default_factory=_available_cpus, ge=1, le=256, description="number of worker processes"
    )
    models: Names = Field(
        (DEFAULT_MODEL,),
        min_length=1,
        description="model files, names of shipped models, or NAME=FILE; the first is the default",
    )
    origins: Names = Field(
        DEFAULT_ORIGINS, description="origins whose pages may call the API from a browser"
    )
    max_body_bytes: int = Field(
        MAX_BODY_BYTES, ge=1024, description="maximum size of a request body"
    )
    body_memory_bytes: int = Field(
        128 * 2**20,
        ge=4096,
        description="memory for request bodies and unread responses over 64 KiB, per worker, of "
        "which one client may use half. Must be at least twice `INKDIGITS_MAX_BODY_BYTES`",
    )
    batch_limit: int = Field(
        32, ge=1, le=10_000, description="maximum number of drawings in a batch"
    )
    threads: int = Field(
        1, ge=1, le=64, description="threads for all but small drawings, per worker"
    )
    queue: int = Field(
        64,
        ge=0,
        le=10_000,
        description="maximum number of waiting requests, per worker; 503 beyond that",
    )
    queue_timeout_s: float = Field(
        5.0, gt=0, le=3600, description="maximum time in the queue; then 503"
    )
    batch_timeout_s: float = Field(
        10.0, gt=0, le=3600, description="maximum time for a batch; its remaining drawings get 503"
    )
    header_timeout_s: float = Field(
        5.0, gt=0, le=3600, description="maximum time to receive the headers of a request; then 408"
    )
    body_timeout_s: float = Field(
        20.0, gt=0, le=3600, description="maximum time to receive the body of a request; then 408"
    )
    connections: int = Field(
        1024,
        ge=8,
        le=65536,
        description="maximum number of open connections, per worker; beyond that, a new one "
        "replaces the idle one closest to its timeout, or is rejected if none is idle",
    )
    client_connections: int = Field(
        256,
        ge=1,
        le=65536,
        description="the same limit per client (an IPv4 address or an IPv6 /64 network); not "
        "applied behind trusted proxies (`INKDIGITS_PROXIES`)",
    )
    drain_s: float = Field(
        5.0,
        ge=0,
        le=3600,
        description="time after SIGTERM during which the server still accepts connections, while "
        "`/readyz` returns 503",
    )
    grace_s: int = Field(
        30,
        ge=1,
        le=3600,
        description="time for requests in progress to finish once no more are accepted",
    )
    watchdog_s: float = Field(
        15.0,
        ge=2,
        le=3600,
        description="time without a heartbeat after which a worker is replaced",
    )
    reload_s: float = Field(
        1.0,
        ge=0,
        le=3600,
        description="interval between checks for changed model files; 0 disables them",
    )
    rate_limit: str = Field(
        "", description="requests allowed per client, such as 60/minute; unlimited if empty"
    )
    rate_limit_storage: str = Field(
        IN_MEMORY,
        description="where requests are counted for the limit: memory:// in each worker "
        "separately, redis://... for all workers together (needs the Python package redis)",
    )
    proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="number of trusted proxies in front of the service, which report the client's "
        "address in X-Forwarded-For",
    )
    lab: bool | None = Field(
        None,
        description="whether this server has the [lab](lab.md), which trains models: 1 for yes, 0 "
        "for no. If it is not set, only a server that nobody but this computer reaches has it",
    )
    lab_token: str = Field(
        "",
        description="secret for the lab, at least 32 letters and digits, which people type on the "
        "page; required for a lab that others reach. If it is not set, the server makes one and "
        "gives it to its own page",
        # A default is checked as well: it may be too little.
        validate_default=True,
    )
    lab_folder: Path = Field(Path("runs"), description="folder of the lab's runs")
    lab_data_dir: Path | None = Field(
        None, description="folder with the data sets to train on; as `--data-dir` of other commands"
    )
    lab_own_data: Path | None = Field(
        None, description="folder of whose files and folders each can be chosen to train on"
    )
    lab_running: int = Field(
        2, ge=1, le=64, description="maximum number of runs that train or are paused; 409 beyond"
    )
    lab_kept: int = Field(
        1000, ge=1, le=10_000, description="maximum number of runs in the folder; 409 beyond that"
    )
    lab_memory_bytes: int = Field(
        2**32, ge=2**29, description="memory that each run may use, where the system can limit it"
    )
    lab_run_s: float = Field(
        24 * 3600.0,
        gt=0,
        description="time after which a run is stopped, also one that is paused; it can be "
        "continued",
    )
    lab_checkpoints: int = Field(
        20, ge=2, le=1000, description="checkpoints that are kept of each run, to rewind to"
    )
    lab_streams: int = Field(
        32,
        ge=1,
        le=1024,
        description="maximum number of event streams of the lab, per worker; 503 beyond that",
    )
    database: str = Field(
        "",
        description="database of [profiles](#profiles): the path of an SQLite file, "
        "`sqlite:///FILE` or `postgresql+psycopg://USER:PASSWORD@HOST/NAME`. If it is not set, the "
        "service keeps no profiles",
    )
    profiles: int = Field(
        1000, ge=1, le=1_000_000, description="maximum number of profiles; 409 beyond that"
    )
    profile_samples: int = Field(
        1000,
        ge=1,
        le=MAX_SAMPLES,
        description="maximum number of samples of a profile; 409 beyond that",
    )
    profiles_per_hour: int = Field(
        20,
        ge=1,
        le=1_000_000,
        description="profiles that a client may create in an hour; 429 beyond that. Counted as "
        "`INKDIGITS_RATE_LIMIT_STORAGE` says",
    )
    profile_changes_per_minute: int = Field(
        60,
        ge=1,
        le=1_000_000,
        description="changes of a profile in a minute, each of which may add several samples; 429 "
        "beyond that. Counted in the same way",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="lowest level to log: debug, info (every request), warning (only problems) or "
        "error",
    )

    def for_log(self) -> dict[str, Any]:
        """Return all values, except what may be a password."""
        values = self.model_dump()
        scheme, separator, rest = self.rate_limit_storage.partition("://")
        values["rate_limit_storage"] = scheme + separator + ("..." if rest else "")
        values["lab_token"] = "..." if self.lab_token else ""
        scheme, separator, rest = self.database.partition("://")
        values["database"] = scheme + separator + ("..." if rest else "")
        for name in ("lab_folder", "lab_data_dir", "lab_own_data"):
            values[name] = None if values[name] is None else str(values[name])
        return values

    @property
    def has_lab(self) -> bool:
        """Whether this server trains models."""
        return self.is_private if self.lab is None else self.lab

    @property
    def is_private(self) -> bool:
        """Whether nobody but this computer reaches this server."""
        return not others_reach(self.host, self.proxies)

    @property
    def gives_lab_token(self) -> bool:
        """Whether the page gets the lab's token by itself, without a person who types it."""
        return not self.lab_token and self.is_private

    @field_validator("models", "origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is not an origin; write scheme, host and port as browsers send "
                    "them, for example http://localhost:3000"
                )
        return origins

    @model_validator(mode="after")
    def _check_body_memory(self) -> Self:
        if self.body_memory_bytes < 2 * self.max_body_bytes:
            # If only the body size was set, raise the default to match.
            if "body_memory_bytes" not in self.model_fields_set:
                object.__setattr__(self, "body_memory_bytes", 2 * self.max_body_bytes)
                return self
            raise ValueError(
                "INKDIGITS_BODY_MEMORY_BYTES must be at least twice INKDIGITS_MAX_BODY_BYTES"
            )
        return self

    @field_validator("lab_token")
    @classmethod
    def _check_lab_token(cls, token: str, info: ValidationInfo) -> str:
        checked = {"host", "proxies", "lab"} <= info.data.keys()  # otherwise they are reported
        if token and not LAB_TOKEN.fullmatch(token):
            raise ValueError(
                "the token must have 32 to 256 letters and digits; `openssl rand -hex 32` makes one"
            )
        needs_token = checked and info.data["lab"]
        if needs_token and not token and others_reach(info.data["host"], info.data["proxies"]):
            raise ValueError(
                "others reach this server, so its lab needs a token; set this variable to what "
                "`openssl rand -hex 32` prints, or leave INKDIGITS_LAB out"
            )
        return token

    @field_validator("rate_limit")
    @classmethod
    def _check_rate(cls, rate: str) -> str:
        if rate and not RATE.fullmatch(rate):
            raise ValueError(f"{rate!r} is not a rate; write it like 60/minute")
        return rate

    @field_validator("rate_limit_storage")
    @classmethod
    def _check_storage(cls, uri: str) -> str:
        try:
            if uri != IN_MEMORY:
                storage_from_string(uri)
        except ConfigurationError:
            scheme = "".join(uri.partition("://")[:2])  # what follows may be a password
            raise ValueError(
                f"{scheme!r} is not a storage that is available here; install the Python package "
                "for it, such as redis, or use memory://"
            ) from None
        except Exception:  # it is available, but cannot be reached yet
            return uri
        return uri


# Read by other commands, by the containers, and by the tests.
OTHER_VARIABLES = frozenset((
    "ADDRESS", "API_MEMORY", "API_ORIGIN", "API_PORT", "BASE_IMAGES", "BUILD_NETWORK", "CHROMIUM",
    "DATA", "KILL", "PAGE", "PROXY_CLIENT_REQUESTS", "PROXY_REQUESTS", "REPLACE_S", "RESOLVER",
    "SERVE", "SERVICE", "SPEED", "STOP_GRACE_PERIOD", "TAG", "TRUSTED_PROXIES", "WEB_PORT",
))  # fmt: skip


def misspelt_settings(variables: Iterable[str]) -> list[str]:
    """Return a sentence about each variable that looks like a setting but is none.

    variables  the names of environment variables
    """
    settings = [name.upper() for name in Settings.model_fields]
    messages = []
    for variable in sorted(variables):
        # The names of settings may be in lower case as well.
        name = variable.upper().removeprefix(PREFIX)
        if name == variable.upper() or name in OTHER_VARIABLES.union(settings):
            continue
        nearest = difflib.get_close_matches(name, settings, n=1)
        hint = f"did you mean {PREFIX}{nearest[0]}?" if nearest else "docs/api.md lists all."
        messages.append(f"{variable} is not a setting of the service; {hint}")
    return messages
