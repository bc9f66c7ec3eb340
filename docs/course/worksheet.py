"""Make worksheet.html: exercises on paper, with their answers on the last page.

python docs/course/worksheet.py

Every number is computed by the project's layers. Print the file from a browser, on A4 or Letter.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from coursework.built import relu

from inkdigits.nn.convolution import Conv2D, MaxPool2D
from inkdigits.nn.layers import Sigmoid

FILE = Path(__file__).parent / "worksheet.html"

SEVEN = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]])
ONE = np.array([[0, 0, 1, 0]] * 4)
WEIGHT = np.array([[2, 1, 0, 1], [0, 0, -2, 1], [0, 0, 0, 0], [0, 1, -2, 0]])
BIAS, RATE = -2, 1
STROKES = np.array(
    [
        [0, 0, 0, 0, 0, 0],
        [0, 1, 1, 1, 1, 0],
        [0, 0, 0, 0, 1, 0],
        [0, 0, 0, 1, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
    ]
)
KERNEL = np.array([[-1, 0, 1]] * 3)

STYLE = """
@page { margin: 13mm }
* { box-sizing: border-box }
body { font: 10.5pt/1.4 system-ui, sans-serif; color: #000; background: #fff; max-width: 180mm;
  margin: 0 auto; padding: 4mm 0 }
section { break-after: page }
section:last-of-type { break-after: auto }
h1 { font-size: 15pt; margin: 0 0 2mm } h2 { font-size: 12pt; margin: 5mm 0 1mm }
p { margin: 1.5mm 0 }
.name { float: right; font-size: 10pt }
.row { display: flex; gap: 8mm; align-items: flex-start; flex-wrap: wrap; margin: 2mm 0 }
figure { margin: 0; break-inside: avoid } figcaption { font-size: 9pt }
table { border-collapse: collapse }
td { border: 0.25mm solid #555; width: 8mm; height: 8mm; text-align: center; padding: 0 }
td.ink { background: #d8d8d8; print-color-adjust: exact }
.small td { width: 7mm; height: 7mm }
.fine td { width: 4mm; height: 4mm; border-color: #bbb }
.fine td:nth-child(14) { border-right-color: #444 }
.fine tr:nth-child(14) td { border-bottom-color: #444 }
.name .line { min-width: 50mm }
.line { display: inline-block; border-bottom: 0.25mm solid #000; min-width: 22mm }
@media print { body { padding: 0 } }
@media screen {
  section { border-bottom: 1px dashed #888; padding-bottom: 8mm; margin-bottom: 8mm }
}
"""


def number(value: float) -> str:
    """Write a number as a student would: -2, 0.73."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else "0"


def table(values: Any, caption: str, *, ink: bool = False, name: str = "") -> str:
    """Return a figure with a table of numbers."""
    rows = "".join(
        "<tr>"
        + "".join(
            f"<td{' class=ink' if ink and value else ''}>{number(float(value))}</td>"
            for value in row
        )
        + "</tr>"
        for row in values
    )
    identity = f' id="{name}"' if name else ""
    return f"<figure><table{identity}>{rows}</table><figcaption>{caption}</figcaption></figure>"


def blank(rows: int, columns: int, caption: str, style: str = "") -> str:
    """Return a figure with an empty grid."""
    row = "<tr>" + "<td></td>" * columns + "</tr>"
    kind = f' class="{style}"' if style else ""
    return f"<figure><table{kind}>{row * rows}</table><figcaption>{caption}</figcaption></figure>"


def side_by_side(*figures: str) -> str:
    """Put figures beside each other."""
    return f'<div class="row">{"".join(figures)}</div>'


def score(image: Any, weight: Any = WEIGHT, bias: float = BIAS) -> float:
    """Compute the neuron of the sheet."""
    return float((image * weight).sum() + bias)


def sigmoid(z: float) -> float:
    """Compute the sigmoid, as the project does."""
    return float(Sigmoid().forward({}, np.array([z]))[0][0])


def convolved() -> tuple[Any, Any]:
    """Return the convolution of the sheet, and what ReLU and pooling make of it."""
    params = {"weight": KERNEL[:, :, None, None].astype(float), "bias": np.zeros(1)}
    result, _ = Conv2D(1, 1).forward(params, STROKES[None, :, :, None].astype(float))
    pooled, _ = MaxPool2D().forward({}, relu(result))
    return result[0, ..., 0], pooled[0, ..., 0]


def learned() -> dict[str, float]:
    """Return the numbers of exercise 4: one step of learning on a faint seven."""
    faint = 0.5 * SEVEN
    says = sigmoid(score(faint))
    error = says - 1
    weight, bias = WEIGHT - RATE * error * faint, BIAS - RATE * error
    return {
        "score": score(faint),
        "says": says,
        "error": error,
        "top_left": float(weight[0, 0]),
        "bottom_left": float(weight[3, 0]),
        "bias": bias,
        "new_score": score(faint, weight, bias),
        "new_says": sigmoid(score(faint, weight, bias)),
    }


def lines(*labels: str) -> str:
    """Return labels, each with a line to write on."""
    return " ".join(f'{label} <span class="line">&nbsp;</span>' for label in labels)


def pixels_page() -> str:
    """Return the page on pixels."""
    return f"""<section>
<h1><span class="name">{lines("Name")}</span>From ink to numbers</h1>
<h2>1 &nbsp; An image is a table</h2>
<p>Write a digit into the large grid with a felt pen: about 20 squares tall, in the middle. Then
fill every square that is at least half covered, and leave all others blank. Would someone who sees
only the filled squares recognize it?</p>
{side_by_side(blank(28, 28, "28 by 28, like MNIST", "fine"))}
<p>{lines("First row with ink", "last row")} {lines("first column", "last column")}</p>
<h2>2 &nbsp; By telephone</h2>
<p>Draw a digit into the left grid, with a number from 0 (blank) to 9 (full ink) in each square.
Fold the sheet, and read the 64 numbers to your neighbor, who shades the right grid. Did the digit
arrive?</p>
{side_by_side(blank(8, 8, "I say", "small"), blank(8, 8, "my neighbor hears", "small"))}
</section>"""


def neuron_page() -> str:
    """Return the page on a neuron and a convolution."""
    return f"""<section>
<h1><span class="name">{lines("Name")}</span>By hand</h1>
<h2>3 &nbsp; A neuron: is it a 7?</h2>
<p>Multiply each pixel by the weight at the same place, add everything up, and add the bias
b&nbsp;=&nbsp;{number(BIAS)}.</p>
{
        side_by_side(
            table(SEVEN, "image A", ink=True, name="seven"),
            table(ONE, "image B", ink=True, name="one"),
            table(WEIGHT, "weights", name="weight"),
        )
    }
<p>{lines("Score of A", "of B", "of a blank image")}</p>
<p>The sigmoid makes a probability of it: {
        ", ".join(f"&sigma;({number(z)})&nbsp;=&nbsp;{sigmoid(z):.3f}" for z in (-6, -2, 0, 1, 4))
    }. {lines("A is a 7 with probability", "B")}</p>
<h2>4 &nbsp; One step of learning</h2>
<p>The same 7, but faint: each 1 of image A is 0.5. The neuron should say 1. Compute its score and
what it says, y. Then change every weight by w &larr; w &minus; &eta; (y &minus; t) x and the bias
by b &larr; b &minus; &eta; (y &minus; t), with &eta; = {RATE} and t = 1.</p>
<p>{lines("score", "y", "y &minus; t")}</p>
<p>{lines("new weight top left", "bottom left", "new bias")}</p>
<h2>5 &nbsp; A convolution</h2>
<p>Lay the kernel on the top left corner of the image, multiply each of its numbers by the pixel
below it, and add up: that is the first number. Then move it by one square at a time. Then ReLU:
replace what is negative by 0. Then keep the largest of each 2 by 2 square.</p>
{
        side_by_side(
            table(STROKES, "image", ink=True, name="strokes"),
            table(KERNEL, "kernel", name="kernel"),
            blank(4, 4, "convolution"),
            blank(2, 2, "ReLU and pooling"),
        )
    }
<p>Where is the result large, and where is it negative? What does this kernel look for?</p>
</section>"""


def answers_page() -> str:
    """Return the page with the answers."""
    step, (result, pooled) = learned(), convolved()
    return f"""<section>
<h1>Answers</h1>
<p><b>1, 2</b> &nbsp; These have no single answer. The 28 by 28 squares are what the network sees:
if people recognize it, it can, too. Eight by eight squares are often enough.</p>
<p><b>3</b> &nbsp; A: <span id="score-a">{number(score(SEVEN))}</span>, B:
<span id="score-b">{number(score(ONE))}</span>, blank: <span id="score-blank">{
        number(score(0 * ONE))
    }</span>, the bias. Probabilities: A {sigmoid(score(SEVEN)):.3f}, B {
        sigmoid(score(ONE)):.3f}.</p>
<p><b>4</b> &nbsp; Score {number(step["score"])}, y = {number(step["says"])}, y &minus; t =
{number(step["error"])}. New weight top left {number(step["top_left"])}; bottom left still
{number(step["bottom_left"])}, because its input is 0; new bias {number(step["bias"])}. For the
same image, the neuron now says {number(step["new_says"])} (score {
        number(step["new_score"])
    }): closer to 1.</p>
<p><b>5</b> &nbsp; The kernel looks for places where, from left to right, ink begins (positive) or
ends (negative). After ReLU and pooling, only the beginnings are left, at a quarter of
the places.</p>
{
        side_by_side(
            table(result, "convolution", name="convolution"),
            table(relu(result), "after ReLU"),
            table(pooled, "after pooling", name="pooled"),
        )
    }
</section>"""


def page(sections: Sequence[str]) -> str:
    """Return the document."""
    return f"""<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Pixels, a neuron and a convolution by hand</title>
<style>{STYLE}</style>
{chr(10).join(sections)}
</html>
"""


def worksheet() -> str:
    """Return the whole worksheet."""
    return page([pixels_page(), neuron_page(), answers_page()])


if __name__ == "__main__":
    FILE.write_text(worksheet(), encoding="utf-8")
    print(FILE.name)
