"""Who may use the lab: whoever has its token, and whose browser shows this server's own page.

A page of another origin can do nothing. It does not know the token, and no response with it is for
other origins; a name that is rebound to this computer is not a name of this computer; and there are
no cookies, so a browser never adds by itself what opens the lab.
"""

import hmac
import ipaddress
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, Unauthorized

from inkdigits.api.settings import Settings

TOKEN_BYTES = 32
MAX_TOKEN = 256  # characters that are compared
# Headers by which a reverse proxy says that it sends another computer's request.
FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


@dataclass(frozen=True)
class LabAccess:
    """What opens the lab of one server, the same in all its workers.

    token     a request needs it in its header Authorization: Bearer TOKEN
    is_given  whether the server gives it to its own page, which only this computer reaches
    """

    token: str
    is_given: bool

    @classmethod
    def of(cls, settings: Settings) -> "LabAccess | None":
        """Take the token from the settings, or make one; None if the server has no lab."""
        if not settings.has_lab:
            return None
        token = settings.lab_token or secrets.token_urlsafe(TOKEN_BYTES)
        return cls(token, settings.gives_lab_token)

    def __repr__(self) -> str:
        return f"LabAccess(is_given={self.is_given})"  # the token must not reach a log


def check_origin(access: LabAccess) -> None:
    """Reject a request that another site makes a browser send, or that a proxy forwards.

    raises   Forbidden
    """
    host = request.headers.get("Host", "")
    if access.is_given:
        # A site whose name is rebound to this computer is of the same origin, to the browser.
        if not _is_this_computer(host):
            raise Forbidden(
                "The lab belongs to the computer that it runs on; open it at http://127.0.0.1."
            )
        if any(name in request.headers for name in FORWARDED):
            raise Forbidden(
                "A proxy has forwarded this request; set INKDIGITS_PROXIES, and INKDIGITS_LAB=1 "
                "with INKDIGITS_LAB_TOKEN, to use the lab from other computers."
            )
    origin = request.headers.get("Origin")
    is_own = origin is None or (host != "" and origin in (f"http://{host}", f"https://{host}"))
    if not is_own or request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Forbidden("Pages of other sites cannot use the lab; open this server's own page.")


def check_token(access: LabAccess) -> None:
    """Reject a request without the token; the time that it takes tells nothing about the token.

    raises   Unauthorized
    """
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    given = given.strip()[:MAX_TOKEN]
    is_right = hmac.compare_digest(given.encode(errors="replace"), access.token.encode())
    if scheme.lower() != "bearer" or not is_right:
        raise Unauthorized(
            "The token of the lab is missing or wrong; reload the page, or type the token that the "
            "server was started with.",
            www_authenticate=WWWAuthenticate("bearer"),
        )


def _is_this_computer(host: str) -> bool:
    """Whether a Host header names the loopback interface."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
