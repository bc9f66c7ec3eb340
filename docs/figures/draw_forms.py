"""Draw the figures of docs/forms.md, and its example: a sheet printed, filled in, photographed.

The digits are made, not people's. The page of the review is photographed by a browser.
"""

import csv
import shutil
import subprocess
import sys
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
import pypdfium2

from inkdigits.arrays import Generator, Pixels
from inkdigits.cli import main
from inkdigits.data.made_digits import FORMS
from inkdigits.forms.form import Field, Form
from inkdigits.forms.form_file import load_form
from inkdigits.forms.layout import layout
from inkdigits.forms.local_server import LocalServer
from inkdigits.forms.print_form import print_form
from inkdigits.forms.review import FILES, PAGE, create_routes

FOLDER = Path(__file__).parent
EXAMPLE = FOLDER.parent / "example-form"
sys.path.append(str(FOLDER.parents[1] / "benchmarks"))

from sheet_camera import Camera, photograph  # noqa: E402 (they are beside the package, not in it)
from sheet_filler import PENS, Writer, fill_page, upright  # noqa: E402

DPI = 250
CAMERA = Camera(
    megapixels=1.6, quarter=0, tilt=16, toward=35, roll=-4, margin=0.05, light="shadow",
    blur_mm=0.1, curl_mm=0.1, noise=2, quality=62,
)  # fmt: skip
SHEET_WIDTH, PHOTO_WIDTH = 620, 1100
WINDOW = "1180,700"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def draw_sheet(form: Form) -> Pixels:
    """Print one copy of a form, and return its first page; uint8 (H, W, 3)."""
    page = pypdfium2.PdfDocument(BytesIO(print_form(form)))[0]
    picture = page.render(scale=DPI / 72, rev_byteorder=True).to_numpy()
    return np.ascontiguousarray(picture[..., :3])


def made_writer(seed: int) -> Writer:
    """Make someone's digits: of each digit a few forms, as people write them."""
    rng = np.random.default_rng(seed)
    digits = []
    for digit in range(10):
        forms = [form for form in FORMS if form.label == digit]
        chosen = forms[int(rng.integers(len(forms)))]
        digits.append(tuple(upright(chosen.strokes(rng)) for _ in range(3)))
    return Writer("made", tuple(digits))


def quiz_numbers(seed: int) -> list[dict[str, str]]:
    """Make the rows of a quiz; the last ones are empty."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(9):
        first, second = (int(points) for points in rng.integers(0, 41, 2))
        rows.append(
            {
                "student": str(rng.integers(1000, 2000)),
                "first": str(first),
                "second": str(second),
                "total": str(first + second),
            }
        )
    return rows


def fill_quiz(form: Form, page: Pixels, rows: Sequence[dict[str, str]], seed: int) -> Pixels:
    """Write the rows into a page."""
    cells = [cell for cell in layout(form, form.rows).pages[0].cells if cell.row < len(rows)]
    texts = iter([rows[cell.row][cell.field.name] for cell in cells])

    def choose(field: Field, rng: Generator) -> str:
        return next(texts)

    rng = np.random.default_rng(seed)
    pen = PENS["blue ballpoint"]
    filled, _ = fill_page(page, cells, made_writer(seed), pen, choose, rng, empty=0, struck_out=0)
    return filled


def save_review(table: Path, path: Path) -> None:
    """Photograph the page on which the results are reviewed."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        print("Without Chromium, the figure of the review is left as it is.")
        return
    server = LocalServer(PAGE, FILES, create_routes(table.with_suffix(".sqlite"), "Ada", print))
    with server.serving() as url, TemporaryDirectory() as profile:
        command = [
            browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
            f"--user-data-dir={profile}", f"--window-size={WINDOW}",
            "--virtual-time-budget=4000", f"--screenshot={path}", url,
        ]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)
    picture = cv2.imread(str(path))
    if picture is None:
        raise FileNotFoundError(path)
    _, file = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    path.write_bytes(file.tobytes())


def save_example() -> None:
    """Write the example's photo and numbers, and the figures."""
    form = load_form(EXAMPLE / "quiz.toml")
    page = draw_sheet(form)
    height = round(SHEET_WIDTH * page.shape[0] / page.shape[1])
    small = cv2.resize(page, (SHEET_WIDTH, height), interpolation=cv2.INTER_AREA)
    sheet = cv2.imencode(".png", small[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])[1]
    (FOLDER / "form-sheet.png").write_bytes(sheet.tobytes())
    rows = quiz_numbers(seed=5)
    plan = layout(form, form.rows)
    photo = photograph(
        fill_quiz(form, page, rows, seed=4),
        (plan.width, plan.height),
        CAMERA,
        np.random.default_rng(8),
    )
    (EXAMPLE / "photo.jpg").write_bytes(photo)
    with open(EXAMPLE / "written.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    with TemporaryDirectory() as folder:
        table = Path(folder) / "results.csv"
        main(
            ["form", "read", str(EXAMPLE / "quiz.toml"), str(EXAMPLE / "photo.jpg"), "-o",
             str(table), "--workers", "1"],
            standalone_mode=False,
        )  # fmt: skip
        print(table.read_text(encoding="utf-8"))
        save_review(table, FOLDER / "form-review.png")


if __name__ == "__main__":
    save_example()
