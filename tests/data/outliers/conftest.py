"""Real digits to make outliers from."""

import pytest


@pytest.fixture(scope="session")
def few_digits(digits):
    """2,000 digits, far fewer than outliers are compared with in training."""
    return digits.take(slice(2000))


@pytest.fixture(scope="session")
def by_label(few_digits):
    return [few_digits.images[few_digits.labels == label] for label in range(10)]
