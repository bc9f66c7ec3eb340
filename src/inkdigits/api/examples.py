"""Examples of requests in the OpenAPI document, which work as they are: a 7 and a 42."""

IMAGE = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAATklEQVR42m2NsQ2AMBADL+YLBqCHURifQTJA6ECCmIKE"
    "isY6+Sw5GXYB/MadAl1UFIgYnBHkb7K9hD2X1nnptq7dHu72BCEQBcQEYmxvD5oWFBHz9dKQAAAAAElFTkSuQmCC"
)
STROKES = [{"points": [[0, 0], [18, 0], [7, 30]], "width": 3}]

IMAGE_DRAWING = {"image": IMAGE}
STROKES_DRAWING = {"strokes": STROKES}
BATCH = {"drawings": [STROKES_DRAWING, IMAGE_DRAWING]}

NUMBER_IMAGE = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAFEAAAA/AQAAAACwChmxAAABBElEQVR42m3SMXLcMAyF4U8wZ6LOKtNFZY7BK+UG2pxM"
    "R1HnVu40Ho2YgtJyvVlU/4APeATIrrjiFr5AyYQPEAtRzz+tlRdWG2HxG/a7ZnGQdDC//yHM0K15ujR/jfPJhWERoiDp"
    "V2HC0UtXzx2DkGBAVTM++Na76pEyxEHvbWJ80pyxEbVdze8X5Sf9WGElthd9FkI+wDyJ9YXm1riEc0aOVPcL+vve7Fft"
    "xDYQM2bWsfVZMpEfvEZk5gml7L9KKV0pUzTbq/ZInvdmx963/DY0XsfGS/6/9pz8zrcrP1bbK58aHw+1e994++y6/uQV"
    "X6/f7hvHyT+RBLIfpZRN9+1vt/gHgmtRUJOWHvIAAAAASUVORK5CYII="
)
NUMBER_STROKES = [
    {"points": [[6, 0], [0, 20], [17, 20]]},
    {"points": [[14, 2], [12, 34]]},
    {"points": [[27, 7], [31, 1], [38, 0], [43, 5], [41, 14], [26, 33], [45, 33]]},
]

IMAGE_NUMBER = {"image": NUMBER_IMAGE}
STROKES_NUMBER = {"strokes": NUMBER_STROKES, "length": 2}
NUMBER_BATCH = {"drawings": [{"strokes": NUMBER_STROKES}, IMAGE_NUMBER], "length": 2}

STROKES_EXPLANATION = {
    "strokes": STROKES,
    "parts": ["steps", "layers", "saliency", "rejection"],
    "target": "7",
}
IMAGE_EXPLANATION = {
    "image": IMAGE,
    "parts": ["occlusion"],
    "unit": {"layer": 0, "index": [14, 14, 0]},
}

NEW_PROFILE = {"consent": True, "name": "Ada"}
NEW_SAMPLES = {"samples": [{"strokes": STROKES, "label": 7}]}
STROKES_CORRECTION = {"strokes": STROKES, "text": "7", "kind": "digit"}
NUMBER_CORRECTION = {"image": NUMBER_IMAGE, "text": "42", "kind": "number"}
