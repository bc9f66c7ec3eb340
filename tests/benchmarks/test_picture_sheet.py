"""A contact sheet shows every picture in its place."""

from io import BytesIO

import numpy as np
from picture_sheet import BACKGROUND, CAPTION, COLUMNS, TILE, write_contact_sheet
from PIL import Image


def file(pixels):
    buffer = BytesIO()
    Image.fromarray(np.asarray(pixels)).save(buffer, "PNG")
    return buffer.getvalue()


def written(rows, path):
    write_contact_sheet(rows, path)
    with Image.open(path) as sheet:
        return np.asarray(sheet)


def tile(sheet, row, column):
    top, left = row * (TILE + 2 * CAPTION) + 2 * CAPTION, column * TILE
    return sheet[top : top + TILE, left : left + TILE]


def test_long_row_continues_below(tmp_path):
    grays = [("", file(np.full((10, 20), 10 * number, np.uint8))) for number in range(COLUMNS + 2)]
    sheet = written({"": grays, " ": grays[:1]}, tmp_path / "sheet.png")
    assert sheet.shape == (3 * (TILE + 2 * CAPTION), COLUMNS * TILE, 3)
    for number in range(COLUMNS + 2):
        shown = tile(sheet, *divmod(number, COLUMNS))
        assert (shown[:50, :100] == 10 * number).all()
        assert (shown[70:] == BACKGROUND).all()  # half as high as it is wide
    assert (tile(sheet, 2, 0)[:50, :100] == 0).all()


def test_title_stands_above_the_row_and_caption_above_its_picture(tmp_path):
    gray = file(np.full((5, 5), 90, np.uint8))
    sheet = written({"1": [("", gray), ("7: 1", gray)]}, tmp_path / "sheet.png")
    title, captions = sheet[:CAPTION], sheet[CAPTION : 2 * CAPTION]
    assert (title[:, :TILE] != BACKGROUND).any()
    assert (title[:, TILE:] == BACKGROUND).all()
    assert (captions[:, :TILE] == BACKGROUND).all()
    assert (captions[:, TILE : 2 * TILE] != BACKGROUND).any()


def test_transparent_ink_is_visible_on_its_background(tmp_path):
    for level in (0, 255):
        pixels = np.zeros((8, 8, 4), np.uint8)
        pixels[2:4] = (level, level, level, 255)
        shown = tile(written({"": [("", file(pixels))]}, tmp_path / "sheet.png"), 0, 0)
        assert abs(int(shown[40, 40, 0]) - int(shown[100, 40, 0])) > 100


def test_twelve_bits_are_scaled_to_what_is_seen(tmp_path):
    values = np.full((8, 8), 4000, np.uint16)
    values[4:] = 0
    shown = tile(written({"": [("", file(values))]}, tmp_path / "sheet.png"), 0, 0)
    assert shown[20, 20, 0] == 255
    assert shown[80, 20, 0] == 0
