"""Requests about profiles, for tests."""

from requests_to import PROFILE, PROFILES

from inkdigits.api import examples

SAMPLES = f"{PROFILE}/samples"
FOUR = {"strokes": examples.STROKES, "label": 4}  # which looks like a 7


def create(service, **fields):
    """Create a profile; return the header that opens it, and its description."""
    response = service.post(PROFILES, json={"consent": True} | fields)
    assert response.status_code == 201, response.text
    return {"Authorization": f"Bearer {response.json['token']}"}, response.json


def add(service, headers, *samples):
    response = service.post(SAMPLES, json={"samples": list(samples)}, headers=headers)
    assert response.status_code == 201, response.text
    return response.json
