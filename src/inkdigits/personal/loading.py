"""Load a recognizer for a person's handwriting, from a database or from an exported profile."""

from pathlib import Path

from inkdigits.data.profile_files import SUFFIX, read_profile_file
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.personal.adaptation import adapt
from inkdigits.personal.profile import Profile
from inkdigits.personal.sampling import prepare
from inkdigits.recognizer import Recognizer


def load(
    profile: Profile | str | Path,
    model: str | Path = DEFAULT_MODEL,
    database: str | Path | None = None,
) -> Recognizer:
    """Load a recognizer for a person's handwriting.

    profile   a profile, its name or ID, or an exported one: a Path, or text that ends in
              ".profile.json"
    model     as `Recognizer.load` takes it
    database  where the profile is, unless it is a file
    raises    as `Profile.open`, `Profile.recognizer` and `Recognizer.load`; DataError for an
              exported profile that is damaged
    """
    base = Recognizer.load(model)
    if isinstance(profile, Path) or (isinstance(profile, str) and profile.endswith(SUFFIX)):
        samples = read_profile_file(profile).samples
        return adapt(base, prepare(base, samples)).recognizer(base)
    if isinstance(profile, str):
        profile = Profile.open(profile, database)
    return profile.recognizer(base)
