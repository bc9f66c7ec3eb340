"""The real application with the shipped models, and pictures to send to it."""

from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image
from requests_to import MODELS, file_of

from inkdigits.api import Settings, Shelf, create_app
from inkdigits.api.routes import frontend

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(autouse=True)
def without_the_page(tmp_path, monkeypatch):
    """The same answers whether the drawing page is built or not; its own tests bring one."""
    monkeypatch.setattr(frontend, "BUILT", tmp_path / "not built")


@pytest.fixture(scope="session")
def shelf():
    return Shelf(MODELS)


@pytest.fixture(scope="session")
def recognizer(shelf):
    return shelf.get()


class BufferedClient(FlaskClient):
    """Reads answers to their end, as a server does, so that files are closed."""

    def open(self, *arguments, **options):
        return super().open(*arguments, **({"buffered": True} | options))


@pytest.fixture(scope="session")
def app(shelf):
    app = create_app(shelf, Settings())
    app.test_client_class = BufferedClient
    return app


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture(scope="session")
def seven():
    """Pixels of a drawn seven, (28, 28, 3): dark ink on white."""
    with Image.open(GOLDEN / "7.png") as image:
        return np.asarray(image.resize((28, 28), Image.Resampling.BOX))


@pytest.fixture(scope="session")
def png(seven):
    return file_of(seven)
