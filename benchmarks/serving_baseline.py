"""The baseline: the same service built from common parts, Flask, Pillow and ONNX Runtime.

It uses the same network, but its only preprocessing is to convert the image to grayscale, invert it
and resize it to 28x28 with Pillow. With BASELINE_PREPROCESSING=ink it preprocesses the image as we
do. It runs under Gunicorn.
"""

import base64
import io
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from flask import Flask, request
from onnx_network import session
from PIL import Image, ImageOps

from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.preprocessing import ink, network_input

cv2.setNumThreads(1)  # a worker has one core, as ours
app = Flask(__name__)
preprocesses = os.environ.get("BASELINE_PREPROCESSING") == "ink"
network = session(Path(os.environ["BASELINE_MODEL"]).read_bytes())


@app.post("/predict")
def predict() -> dict[str, Any]:
    """Recognize an image sent as JSON or as a file."""
    is_json = request.is_json
    file = base64.b64decode(request.get_json()["image"]) if is_json else request.get_data()
    image = Image.open(io.BytesIO(file))
    x = _with_our_preprocessing(image) if preprocesses else _resized(image)
    logits = network.run(None, {"x": x})[0][0, :CLASSES]
    exponentials = np.exp(logits - logits.max())
    probabilities = exponentials / exponentials.sum()
    return {"digit": int(probabilities.argmax()), "probabilities": probabilities.tolist()}


def _resized(image: Image.Image) -> Any:
    resized = ImageOps.invert(image.convert("L")).resize((IMAGE_SIDE, IMAGE_SIDE))
    return np.asarray(resized, np.float32)[None] / 255


def _with_our_preprocessing(image: Image.Image) -> Any:
    return network_input(ink.from_image(np.asarray(image.convert("RGBA")))[None])
