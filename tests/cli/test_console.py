"""Every command prints what the console's encoding has, and never ends in a traceback."""

# ruff: noqa: RUF001 (ambiguous characters are what this is about)

import codecs
import io
import os
import shutil
import sys
from pathlib import Path

import pytest

from inkdigits.cli.console import prepare_console, printable, similar

GOLDEN = Path(__file__).parents[1] / "golden"
NAME = "sieben–×│ü漢\u2003█.png"
COMMANDS = [
    ["--help"],
    ["no-such-command–×漢"],
    ["data"],
    ["evaluate", "mlp"],
    ["evaluate", "–×漢"],
    ["model", "show", "mlp"],
    ["model", "show", "–×漢"],
    ["predict", "NAME", "missing–×漢.png"],
    ["predict", "--json", "NAME"],
    ["train", "no-such-recipe–×漢"],
    ["serve", "--model", "–×漢"],
]


@pytest.fixture
def digit(tmp_path):
    path = tmp_path / NAME
    shutil.copy(GOLDEN / "7.png", path)
    return path


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_command_prints_what_the_encoding_has(run_inkdigits, digit, arguments):
    def run(encoding):
        return run_inkdigits(
            *(digit if argument == "NAME" else argument for argument in arguments),
            env=os.environ | {"COLUMNS": "200"},
            encoding_of_output=encoding,
            text=False,
        )

    wanted = run("utf-8")
    for encoding in ("ascii", "cp1252"):
        shown = run(encoding)
        assert shown.returncode == wanted.returncode
        for with_utf8, printed in ((wanted.stdout, shown.stdout), (wanted.stderr, shown.stderr)):
            text = printed.decode(encoding)  # raises an error for other bytes
            assert "Traceback" not in text
            assert len(text.splitlines()) == len(with_utf8.decode().splitlines())


def test_training_prints_what_the_encoding_has(run_inkdigits, tmp_path):
    folder = tmp_path / "lauf–漢"
    done = run_inkdigits(
        *("train", "classic", "--limit", 100, "--epochs", 1, "--workers", 1, "--run-dir", folder),
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        text=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "lauf-\\u6f22" in (done.stdout + done.stderr).decode("ascii")


def test_similar_characters_keep_bars_and_tables_readable(run_inkdigits, digit):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = run_inkdigits("predict", digit, env=environment)
    first, *bars = done.stdout.splitlines()
    assert "sieben-x|\\xfc\\u6f22 #.png: 7" in first
    assert bars[7].split()[1].startswith("###########")
    assert bars[1].split()[1] == "." * 32


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1–2 — 3 × 4…", "1-2 - 3 x 4..."),
        ("┌─┐│└┼━╸", "+-+|++--"),
        ("⠋⠙ ▁█▓▒░·", "** ##%+.."),
        ("“a” ‘b’ → c", "\"a\" 'b' -> c"),
        ("a\u00a0b\u2009c\u200b", "a b c\\u200b"),
        ("é漢\U0001f600", "\\xe9\\u6f22\\U0001f600"),
    ],
)
def test_similar_characters(text, shown):
    codecs.register_error("similar", similar)
    assert text.encode("ascii", "similar").decode() == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2J\r\nb\x9b", "a\\x1b[2J\\r\\nb\\x9b"),
        ("7\u202egpj.exe\u2069", "7\\u202egpj.exe\\u2069"),
        ("a\u2028b", "a\\u2028b"),
        ("é 漢\u3000\u200d\udcff", "é 漢\u3000\u200d\udcff"),  # a byte of a file's name, too
    ],
)
def test_text_cannot_control_or_reorder_the_terminal(text, shown):
    assert printable(text) == shown


def test_reading_is_not_affected():
    codecs.register_error("similar", similar)
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("ascii", "similar")


@pytest.mark.parametrize("errors", ["strict", "surrogateescape", "replace"])
@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp437", "utf-8"])
def test_any_text_can_be_written(monkeypatch, encoding, errors):
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding, errors)
    monkeypatch.setattr(sys, "stdout", stream)
    monkeypatch.setattr(sys, "stderr", None)
    prepare_console()
    print("".join(map(chr, range(0x3000))), "\udcff\ud800", file=sys.stdout, flush=True)
    # A byte of a file's name that could not be decoded.
    assert (b"\xff" in written.getvalue().split(b" ")[-1]) == (errors == "surrogateescape")
