"""How many profiles and samples there may be, and how often a client may add to them."""

import time

import structlog
from flask import request
from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import FixedWindowRateLimiter
from werkzeug.exceptions import Conflict, TooManyRequests

from inkdigits.api.clients import client_key
from inkdigits.api.settings import Settings
from inkdigits.personal import Profile, Profiles

log = structlog.get_logger()


class ProfileLimits:
    """The limits of one server; the rates are counted where the rate limit is."""

    def __init__(self, settings: Settings) -> None:
        self._max_profiles = settings.profiles
        self.max_samples = settings.profile_samples
        self._creations = RateLimitItemPerHour(settings.profiles_per_hour)
        self._changes = RateLimitItemPerMinute(settings.profile_changes_per_minute)
        self._limiter = FixedWindowRateLimiter(storage_from_string(settings.rate_limit_storage))
        # If the storage cannot be reached, each worker counts on its own.
        self._fallback = FixedWindowRateLimiter(MemoryStorage())

    def check_creation(self, profiles: Profiles) -> None:
        """Count a new profile of the client that sent the current request.

        raises   TooManyRequests, Conflict; DatabaseError
        """
        self._hit(self._creations, "new_profiles", client_key(request.remote_addr or ""))
        if profiles.count() >= self._max_profiles:
            raise Conflict(
                f"This server keeps at most {self._max_profiles:,} profiles; ask whoever runs it "
                "to raise INKDIGITS_PROFILES."
            )

    def check_change(self, profile: Profile, added: int = 0) -> None:
        """Count a change of a profile.

        added    how many samples it adds
        raises   TooManyRequests, Conflict; DatabaseError
        """
        self._hit(self._changes, "profile_changes", profile.id)
        if added:
            self.check_samples(sample_count(profile) + added)

    def check_samples(self, count: int) -> None:
        """Raise Conflict if a profile cannot have that many samples."""
        if count > self.max_samples:
            raise Conflict(
                f"A profile has at most {self.max_samples:,} samples on this server, and this one "
                f"would have {count:,}; remove some first."
            )

    def _hit(self, rate: RateLimitItem, *key: str) -> None:
        try:
            limiter = self._limiter
            is_within = limiter.hit(rate, *key)
        except Exception as error:  # each storage has its own
            log.warning("rate_limit_storage_failed", reason=type(error).__name__)
            limiter = self._fallback
            is_within = limiter.hit(rate, *key)
        if not is_within:
            reset_time = limiter.get_window_stats(rate, *key).reset_time
            raise TooManyRequests(retry_after=max(1, round(reset_time - time.time())))


def sample_count(profile: Profile) -> int:
    """Return how many samples a profile has."""
    versions = profile.versions()
    return versions[-1].samples if versions else 0
