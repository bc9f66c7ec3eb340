"""Where everything is on a form's pages."""

import itertools

import pytest

from inkdigits.forms.form import Field, Form, FormError
from inkdigits.forms.layout import LINE_WIDTH, MAX_ROWS, PAGE_SIZES, Rectangle, layout

PRINTABLE = 8.0  # what printers leave out at each edge, in millimeters


def form_of(*lengths, page="A4", arrangement="columns"):
    fields = tuple(Field(f"f{number}", length) for number, length in enumerate(lengths))
    return Form("Title", fields, page, arrangement)


FORMS = [
    form_of(*lengths, page=page, arrangement=arrangement)
    for page in PAGE_SIZES
    for arrangement, lengths in [
        ("columns", [3]),
        ("columns", [8, 2, 2, 3]),
        ("columns", [2] * 12),
        ("columns", [20, 10]),
        ("rows", [6]),
        ("rows", [20, 1, 5]),
        ("rows", [3] * 28),
    ]
]


def name_of(form):
    return f"{form.page} {form.arrangement} {len(form.fields)} fields"


def overlap(one, other, gap=0.0):
    return (
        one.left < other.right + gap
        and other.left < one.right + gap
        and one.top < other.bottom + gap
        and other.top < one.bottom + gap
    )


@pytest.mark.parametrize("rows", [1, 31, 120])
@pytest.mark.parametrize("form", FORMS, ids=name_of)
def test_everything_is_printable_and_nothing_overlaps(form, rows):
    plan = layout(form, rows)
    assert (plan.width, plan.height) == PAGE_SIZES[form.page]
    quiet = [marker.place for marker in plan.markers] + [plan.code]
    texts = [plan.title, plan.instructions, plan.examples_label, plan.footer]
    for page in plan.pages:
        places = texts + [cell.place for cell in page.cells] + list(plan.examples[::9])
        places += [label.place for label in page.labels]
        edge = Rectangle(
            PRINTABLE, PRINTABLE, plan.width - 2 * PRINTABLE, plan.height - 2 * PRINTABLE
        )
        for place in places + quiet:
            assert edge.left <= place.left
            assert place.right <= edge.right
            assert edge.top <= place.top
            assert place.bottom <= edge.bottom
        for place, code in itertools.product(places, quiet):
            assert not overlap(place, code, gap=2.0)  # white space, to be found
        in_order = sorted(places, key=lambda place: place.top)
        for number, place in enumerate(in_order):
            for other in itertools.takewhile(
                lambda other, bottom=place.bottom: other.top < bottom, in_order[number + 1 :]
            ):
                assert not overlap(place, other), (place, other)


@pytest.mark.parametrize("rows", [1, 64, 120])
@pytest.mark.parametrize("form", FORMS, ids=name_of)
def test_every_field_of_every_row_is_once_on_a_page(form, rows):
    plan = layout(form, rows)
    cells = [cell for page in plan.pages for cell in page.cells]
    assert [(cell.row, cell.field) for cell in cells] == list(
        itertools.product(range(rows), form.fields)
    )
    assert [page.number for page in plan.pages] == list(range(1, len(plan.pages) + 1))
    for cell in cells:
        assert len(cell.boxes) == cell.field.length
        for box, following in itertools.pairwise(cell.boxes):
            assert box.right == pytest.approx(following.left)
        assert min(box.width for box in cell.boxes) >= 5
        assert min(box.height for box in cell.boxes) >= 5.5
    for one, other in itertools.pairwise(plan.pages[0].cells):
        assert not overlap(one.place, other.place, gap=LINE_WIDTH)


@pytest.mark.parametrize("page", PAGE_SIZES)
def test_thirty_rows_of_three_fields_fit_on_a_page(page):
    assert len(layout(form_of(8, 2, 3, page=page), 30).pages) == 1


def test_short_rows_are_side_by_side_before_they_take_more_pages():
    (page,) = layout(form_of(3), 90).pages
    assert len({cell.boxes[0].left for cell in page.cells}) == 3


def test_pages_are_equally_full():
    pages = layout(form_of(8, 8, 8), 61).pages
    assert [len({cell.row for cell in page.cells}) for page in pages] == [31, 30]


@pytest.mark.parametrize(
    ("form", "rows", "words"),
    [
        (form_of(1), 0, "rows = 0 is not a number from 1 to 999; choose another"),
        (form_of(1), MAX_ROWS + 1, "rows = 1000 is not"),
        (form_of(20, 20), 1, "fields: 2 fields side by side have 40 boxes, and only 34 fit"),
        (form_of(*[1] * 34, arrangement="rows"), 1, "34 fields do not fit below each other"),
        (form_of(*[1] * 20, page="Letter", arrangement="rows"), 999, "take 500 pages"),
    ],
)
def test_what_does_not_fit_is_told(form, rows, words):
    with pytest.raises(FormError) as caught:
        layout(form, rows)
    assert words in str(caught.value)
