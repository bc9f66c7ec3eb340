"""docs/security.md names an existing test for each attack, and states the limits correctly."""

import re
from pathlib import Path

import pytest

from inkdigits.api import Settings
from inkdigits.api.bodies import MAX_FORM_HEADER_BYTES
from inkdigits.api.parsing import MAX_DATA_URL_HEADER
from inkdigits.api.server import admission, connection, request_parser

ROOT = Path(__file__).parents[1]
DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
TESTS = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))


def tables():
    """The rows of each table that has a column for tests."""
    table = None
    for line in DOCUMENT.splitlines():
        if line.startswith("| attack |") and line.endswith("| test |"):
            table = []
            yield table
        elif table is not None and line.startswith("|"):
            table.append(line)
        else:
            table = None


def test_every_attack_names_its_test():
    rows = [row for table in list(tables()) for row in table if not row.startswith("|-")]
    assert len(rows) > 25
    for row in rows:
        last = row.rstrip("| ").rpartition(" | ")[2]
        assert re.search(r"`(test_\w+|tests/\S+|web/\S+)`", last), row


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(test_\w+)`", DOCUMENT))))
def test_named_tests_exist(name):
    assert f"def {name}(" in TESTS


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:tests|web)/\S+)`", DOCUMENT))))
def test_named_files_exist(path):
    assert (ROOT / path).is_file()


def test_limits_match_the_code():
    settings = Settings()
    for statement in [
        f"{settings.header_timeout_s:.0f} s for headers",
        f"{settings.body_timeout_s:.0f} s for a body",
        f"{connection.KEEP_ALIVE_S:.0f} s between requests",
        f"{settings.client_connections} connections a client",
        f"{settings.connections:,} a worker",
        f"{settings.body_memory_bytes >> 20} MiB of bodies",
        f"Bodies up to {admission.UNCOUNTED_BYTES >> 10} KiB are not counted",
        f"| {MAX_DATA_URL_HEADER} characters |",
        f"| {MAX_FORM_HEADER_BYTES >> 10} KiB |",
        f"{request_parser.MAX_HEADERS} headers, {request_parser.MAX_HEAD_BYTES >> 10} KiB",
        f"| {request_parser.MAX_CHUNKS:,}, or {request_parser.MIN_CHUNK_BYTES} bytes each",
        f"; {connection.MAX_PIPELINED} requests at once",
        f"{settings.queue} wait in a worker, for at most {settings.queue_timeout_s:.0f} s",
        f"{settings.batch_timeout_s:.0f} s for a batch",
        f"replaced after {settings.watchdog_s:.0f} s",
    ]:
        assert statement in DOCUMENT
