"""Personal models: the recognizer learns one person's handwriting from a few samples.

from inkdigits.personal import Profile, load

The database's packages are imported only when a profile is opened.
"""

from inkdigits.data.folders import DataError
from inkdigits.data.profile_parts import Action, Consent, Version
from inkdigits.data.samples import Sample, Source, Stroke
from inkdigits.personal.consent import CONSENT_TEXT, CONSENT_VERSION
from inkdigits.personal.errors import ProfileError
from inkdigits.personal.loading import load
from inkdigits.personal.profile import Profile
from inkdigits.personal.profiles import Profiles
from inkdigits.personal.sampling import sample, sample_from_ink, sample_from_strokes

__all__ = [
    "Action",
    "CONSENT_TEXT",
    "CONSENT_VERSION",
    "Consent",
    "DataError",
    "Profile",
    "ProfileError",
    "Profiles",
    "Sample",
    "Source",
    "Stroke",
    "Version",
    "load",
    "sample",
    "sample_from_ink",
    "sample_from_strokes",
]
