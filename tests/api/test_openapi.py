"""The OpenAPI document holds for whatever is sent: Schemathesis sends it, with every check on."""

import drawn_requests
import hypothesis
import schemathesis
from requests_to import MODELS
from schemathesis.config import SchemathesisConfig

from inkdigits.api import Settings, Shelf, create_app

drawn_requests.register()

schema = schemathesis.openapi.from_wsgi(
    "/openapi.json",
    create_app(Shelf(MODELS), Settings()),
    config=SchemathesisConfig.from_dict({"seed": 0, "generation": {"max-examples": 30}}),
)


@schema.parametrize()
@hypothesis.settings(deadline=None)
def test_whatever_is_sent_is_answered_as_the_document_says(case):
    case.call_and_validate()
