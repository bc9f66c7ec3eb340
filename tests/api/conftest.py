"""The real application with the shipped models, and images to send to it."""

from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from requests_to import MODELS, file_of

from inkdigits.api import ModelRegistry, Settings, create_app
from inkdigits.api.lab_access import LabAccess
from inkdigits.api.routes import frontend
from inkdigits.personal import profile as personal_profile
from inkdigits.personal.adaptation import PersonalModel

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(autouse=True)
def hide_built_page(tmp_path, monkeypatch):
    """Make responses independent of whether the page is built; its own tests create a page."""
    monkeypatch.setattr(frontend, "PAGE_FOLDER", tmp_path / "not built")


@pytest.fixture(scope="session")
def registry():
    return ModelRegistry(MODELS)


@pytest.fixture(scope="session")
def recognizer(registry):
    return registry.default


class BufferedClient(FlaskClient):
    """Reads responses to their end, as a server does, so that files are closed."""

    def open(self, *arguments, **options):
        return super().open(*arguments, **({"buffered": True} | options))


@pytest.fixture(scope="session")
def app(registry):
    settings = Settings()
    app = create_app(registry, settings, lab_access=LabAccess.of(settings))
    app.test_client_class = BufferedClient
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(scope="session")
def seven():
    """A drawn seven, uint8 (28, 28, 3): dark ink on white."""
    with Image.open(GOLDEN / "7.png") as image:
        return np.asarray(image.resize((28, 28), Image.Resampling.BOX))


@pytest.fixture(scope="session")
def png(seven):
    return file_of(seven)


@pytest.fixture
def fits_at_once(monkeypatch):
    """Let a personal model predict the last sample's digit always: that is fitted at once."""

    def adapt(base, samples):
        if not samples:
            return PersonalModel(base.digest, {})
        params = base.model.network.unflatten(base.model.vector)
        name, last = list(params.items())[-1]  # the bias, or the weights of what is never negative
        changed = last.copy()
        changed[..., samples[-1].label] += 1000
        return PersonalModel(base.digest, {name: changed})

    monkeypatch.setattr(personal_profile, "adapt", adapt)


@pytest.fixture
def teachable(registry, tmp_path, fits_at_once):
    """The application with a database of profiles."""
    settings = Settings(
        database=str(tmp_path / "profiles.sqlite3"),
        profiles_per_hour=1_000_000,
        profile_changes_per_minute=1_000_000,
    )
    app = create_app(registry, settings)
    app.test_client_class = BufferedClient
    return app
