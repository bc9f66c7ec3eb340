"""Examples of requests in the OpenAPI document, which work as they are: a drawn seven."""

IMAGE = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAABwAAAAcAQAAAABaduI5AAAATklEQVR42m2NsQ2AMBADL+YLBqCHURifQTJA6ECCmIKE"
    "isY6+Sw5GXYB/MadAl1UFIgYnBHkb7K9hD2X1nnptq7dHu72BCEQBcQEYmxvD5oWFBHz9dKQAAAAAElFTkSuQmCC"
)
STROKES = [{"points": [[0, 0], [18, 0], [7, 30]], "width": 3}]

IMAGE_DRAWING = {"image": IMAGE}
STROKES_DRAWING = {"strokes": STROKES}
BATCH = {"drawings": [STROKES_DRAWING, IMAGE_DRAWING]}
