"""Forms from TOML files, and every mistake in one sentence."""

import importlib.resources
import tomllib
from dataclasses import replace

import pytest
import tomli_w
from refusals import refusal_of

from inkdigits.forms.form import DEFAULT_INSTRUCTIONS, Field, Form
from inkdigits.forms.form_file import MAX_FORM_BYTES, load_form

EXAMPLE = (importlib.resources.files("inkdigits.forms") / "example.toml").read_bytes()


@pytest.fixture
def load(tmp_path):
    """Load the form that TOML text or bytes describe."""

    def load(text):
        path = tmp_path / "sheet.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_form(path)

    return load


def with_field(**keys):
    """TOML of a form whose fields are "a", "b" and one with these keys."""
    third = {"name": "c", "length": 3} | keys
    fields = [{"name": "a", "length": 2}, {"name": "b", "length": 2}, third]
    return tomli_w.dumps({"title": "T", "fields": fields})


def test_example_is_a_form(load):
    form = load(EXAMPLE)
    assert form.instructions == DEFAULT_INSTRUCTIONS
    assert form.fields == (
        Field("student", 6, "Student number", pattern=r"[1-9]\d{5}"),
        Field("part A", 2, range=(0, 40)),
        Field("part B", 2, range=(0, 60)),
        Field("total", 3, sum=("part A", "part B")),
    )


def test_example_explains_every_key():
    text = EXAMPLE.decode()
    for kind in (Form, Field):
        for key in kind.__dataclass_fields__:
            assert f"{key} = " in text or f"[[{key}]]" in text, key


def test_keys_that_the_example_only_comments_are_accepted(load, tmp_path):
    (tmp_path / "students.txt").write_text("101\n\n 102 \n205\n", encoding="utf-8")
    text = EXAMPLE.decode()
    text = text.replace("# instructions", "instructions").replace("# choices = [", "choices = [")
    assert load(text.replace("   the only", "  # the only")).instructions
    from_file = load(with_field(choices="students.txt"))
    assert from_file.fields[2].choices == ("101", "102", "205")
    assert load(with_field(checksum="luhn")).fields[2].checksum == "luhn"


def test_line_breaks_in_printed_texts_are_spaces(load):
    assert load(with_field().replace('"T"', '"""\nPoints\n  of  7b\n"""')).title == "Points of 7b"


def test_identity_covers_what_the_printed_sheets_depend_on():
    form = Form("T", (Field("a", 2), Field("b", 2)))
    others = [
        replace(form, title="U"),
        replace(form, page="Letter"),
        replace(form, arrangement="rows"),
        replace(form, fields=form.fields[::-1]),
        replace(form, fields=(Field("a", 3), Field("b", 2))),
        replace(form, fields=(Field("ab", 2), Field("b", 2))),
    ]
    assert len({other.identity for other in [form, *others]}) == 1 + len(others)


def test_rules_can_be_corrected_after_printing():
    form = Form("T", (Field("a", 2), Field("b", 2)))
    corrected = Field("b", 2, "B", r"\d\d", (0, 9), ("01",), "luhn", ("a", "b"))
    changed = replace(form, fields=(Field("a", 2), corrected), rows=3, instructions="Write!")
    assert changed.identity == form.identity


MISTAKES = {
    "not TOML": ("title = ", "not valid TOML"),
    "binary": (b"\xff\xfe\x00", "not text in UTF-8"),
    "too large": (b"#" * (MAX_FORM_BYTES + 1), "more than the limit"),
    "long line": ("#" * 2000, "more than 1000 characters"),
    "deep": ("a = " + "[" * 300 + "]" * 300, "nested too deep"),
    "empty": ("", "lacks the field 'title'"),
    "no fields": ('title = "T"\nfields = []', "there are 0, not 1 to 60; each begins with a line"),
    "misspelled key": ('titel = "T"', "no field 'titel'; did you mean 'title'?"),
    "misspelled key of a field": (
        with_field(lenght=3).replace("length = 3, ", ""),
        "did you mean 'length'?",
    ),
    "no length": (with_field().replace(", length = 3", ""), "lacks the field 'length'"),
    "text as length": (with_field(length="3"), "fields[2].length: expected int, got '3'"),
    "huge length": (with_field(length=10**30), "field 'c': length = 1000"),
    "length 0": (with_field(length=0), "field 'c': length = 0 is not 1 to 20"),
    "page": ('page = "A5"\n' + with_field(), "page = 'A5' is not one of A4, Letter"),
    "arrangement": ('arrangement = "grid"\n' + with_field(), "is not one of columns, rows"),
    "rows": ("rows = 0\n" + with_field(), "rows = 0 is not a number from 1 to 999"),
    "no title": (with_field().replace('"T"', '" "'), "title has 0 characters, not 1 to 80"),
    "long title": (with_field().replace('"T"', f'"{"T" * 81}"'), "title has 81 characters"),
    "long instructions": (f'instructions = "{"a" * 301}"\n' + with_field(), "instructions has 301"),
    "long name": (with_field(name="c" * 41), "name of field 3 has 41 characters"),
    "control character": (with_field(label="a\u200b\x1b"), "label has characters that cannot be"),
    "same name twice": (with_field(name="a"), "two have the name 'a'; rename one"),
    "pattern": (with_field(pattern="[a-z]"), "field 'c': the pattern"),
    "long pattern": (with_field(pattern=r"\d{4}"), "matches no number of at most 3 digits"),
    "choices of letters": (with_field(choices=["a"]), "field 'c': the choice 'a' is not"),
    "choices as numbers": (with_field(choices=[1]), "fields[2].choices[0]: expected str, got 1"),
    "long choice": (with_field(choices=["1", "1234"]), "choices has '1234', and there are only 3"),
    "no file of choices": (with_field(choices="no.txt"), "choices = 'no.txt' is not a file beside"),
    "checksum": (with_field(checksum="crc"), "field 'c': the checksum 'crc' is not one of"),
    "range of one": (with_field(range=[1]), "range is not the least number and the largest"),
    "range backwards": (with_field(range=[9, 1]), "range is not the least number and the largest"),
    "negative range": (with_field(range=[-1, 1]), "neither may be negative"),
    "range too long": (with_field(range=[0, 1000]), "range ends at 1000, and there are only 3"),
    "sum of one": (with_field(sum=["a"]), "sum is not a list of two or more different names"),
    "sum of an unknown": (with_field(sum=["a", "d"]), "sum names 'd', which is not the name of"),
    "sum of itself": (with_field(sum=["a", "c"]), "field 'c': sum includes the field itself"),
    "circle in what a sum adds": (
        'title = "T"\n'
        'fields = [{name="c", length=1, sum=["a", "b"]}, {name="a", length=1, sum=["b", "d"]},'
        ' {name="b", length=1, sum=["a", "d"]}, {name="d", length=1}]',
        "field 'a': sum includes the field itself",
    ),
    "sums in a circle": (
        with_field(sum=["a", "b"]).replace(
            'name = "a"\n', 'name = "a"\nsum = ["b", "c"]\n'
        ),
        "field 'a': sum includes the field itself, directly or by another sum",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_told_in_one_sentence(load, tmp_path, mistake):
    text, words = MISTAKES[mistake]
    message = refusal_of(load, text)
    assert words in message
    assert ". " not in message
    assert "sheet.toml" in message


def test_every_example_of_a_damaged_file_is_refused_or_accepted(load):
    """Whatever a slip of the editor leaves, no other error appears than the sentence."""
    lines = EXAMPLE.decode().splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    assert tomllib.loads("\n".join(lines))
    for number, line in enumerate(lines):
        for damaged in ("", line[: len(line) // 2], line.replace("=", "= ["), line * 2):
            text = "\n".join([*lines[:number], damaged, *lines[number + 1 :]])
            try:
                load(text)
            except Exception:
                refusal_of(load, text)
