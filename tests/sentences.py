"""What every message of an error has in common."""


def assert_sentence(error):
    """Assert that the message is one sentence on one line."""
    text = str(error)
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text
