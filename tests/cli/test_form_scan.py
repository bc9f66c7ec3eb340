"""The command `form from-scan`, and reading the form that it describes."""

import csv
import json
import threading
import urllib.error
import urllib.request

import cv2
import empty_form
import numpy as np
import pytest
import tomli_w
from click.testing import CliRunner
from sheet_pictures import Photo, photograph

from inkdigits.cli import main
from inkdigits.forms.local_server import LocalServer
from inkdigits.forms.scan_fields import earlier_fields, open_empty_form
from inkdigits.forms.scan_page import FILES, MAX_BODY_BYTES, PAGE, create_routes
from inkdigits.storage.files import FileError


def run(*arguments):
    return CliRunner().invoke(main, ["form", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path):
    cv2.imwrite(str(tmp_path / "empty.png"), empty_form.draw_form())
    (tmp_path / "fields.toml").write_text(tomli_w.dumps(empty_form.described()))
    return tmp_path


def test_photos_of_an_existing_form_become_a_table(folder):
    form, scan = folder / "meter.toml", folder / "empty.png"
    written = run("from-scan", scan, "-o", form, "--rectangles", folder / "fields.toml")
    assert (written.exit_code, written.output) == (0, f"{form}: 4 fields\n")
    again = run("from-scan", scan, "-o", form, "--rectangles", folder / "fields.toml")
    assert "exists; choose another name" in again.output
    page = empty_form.fill(
        empty_form.draw_form(), customer="271828", reading=" 4041", before="1742"
    )
    photos = {"photo": page, "other": np.full_like(page, 250)}
    for name, each in photos.items():
        photo = Photo(turns=1, tilt=20, direction=50, megapixels=3, shadow=0.3)
        file = photograph(each, photo, np.random.default_rng(1))
        (folder / f"{name}.jpg").write_bytes(file)
    table = folder / "readings.csv"
    files = [folder / f"{name}.jpg" for name in photos]
    read = run("read", form, *files, "-o", table, "--workers", 1)
    assert read.exit_code == 1  # one of the pictures has no form
    assert "The form was not found in the picture" in read.output
    rows = {row["source"]: row for row in csv.DictReader(table.read_text().splitlines())}
    row = rows[str(files[0])]
    found = [row[name] for name in ("customer", "reading", "before", "persons")]
    assert found == ["271828", "4041", "1742", ""]
    scan.rename(folder / "moved.png")
    without = run("read", form, *files, "-o", folder / "other.csv")
    assert without.exit_code == 1
    assert without.output.startswith(f"Error: The scan of the empty form, {scan}: ")
    assert "does not exist; check the name" in without.output
    assert not (folder / "other.csv").exists()


def test_page_shows_and_saves_fields(folder):
    empty = open_empty_form(folder / "empty.png", 1, folder / "meter.toml")
    routes = create_routes(empty, earlier_fields(empty))
    server = LocalServer(PAGE, FILES, routes, max_body_bytes=MAX_BODY_BYTES)

    def send(path, body=None):
        data = None if body is None else body.encode()
        headers = {"Content-Type": "application/json"} if data else {}
        request = urllib.request.Request(server.url + path, data, headers)
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    with server.serving():
        for name in ("", *FILES, "scan.jpg"):
            assert send(name)[0] == 200
        assert json.loads(send("form")[1])["size"] == [2100, 2970]
        for wrong, status in (("[", 400), ("[]", 400), ("{}", 422), ('{"fields": []}', 422)):
            code, content = send("form", wrong)
            assert code == status
            assert str(folder) not in content.decode()
        assert not empty.output.exists()
        assert send("form", json.dumps(empty_form.described()))[0] == 200
        assert len(json.loads(send("form")[1])["fields"]) == 4
    assert threading.active_count() < 10
    assert earlier_fields(empty)["fields"][2]["boxes"] is False


def test_other_files_are_not_replaced(folder):
    output = folder / "meter.toml"
    output.write_text("title = 'A printed form'\n")
    refused = run("from-scan", folder / "empty.png", "-o", output, "--no-open")
    assert refused.exit_code == 1
    assert "is not a form on this scan" in refused.output
    with pytest.raises(FileError):
        earlier_fields(open_empty_form(folder / "empty.png", 1, output))


def test_the_scan_is_not_replaced_by_the_form_even_with_force(folder):
    scan, fields = folder / "empty.png", folder / "fields.toml"
    before = scan.read_bytes()
    refused = run("from-scan", scan, "-o", scan, "--rectangles", fields, "--force")
    assert refused.exit_code == 1
    assert "is the scan itself; choose another name" in refused.output
    assert scan.read_bytes() == before
    no_page = run("from-scan", scan, "-o", folder / "form.toml", "--page", 2)
    assert "has 1 page; choose an earlier one with --page." in no_page.output


def test_a_form_on_a_scan_is_not_printed(tmp_path):
    form = tmp_path / "form.toml"
    form.write_text("title = 'a'\n[reference]\nfile = 'a.png'\n")
    told = run("print", form, "-o", tmp_path / "form.pdf")
    assert told.exit_code == 1
    assert "is a form on a scan, which is not printed" in told.output


def test_scan_that_cannot_be_read_is_told(tmp_path):
    told = run("from-scan", tmp_path / "none.png", "-o", tmp_path / "form.toml")
    assert told.exit_code == 1
    assert told.output.count("\n") == 1
    assert "does not exist" in told.output
