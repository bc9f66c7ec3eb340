"""The baseline: the same service built from common parts, Flask, Pillow and ONNX Runtime.

It uses the same network, but its only preprocessing is to convert the image to grayscale, invert it
and resize it to 28x28 with Pillow. It runs under Gunicorn.
"""

import base64
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from flask import Flask, request
from onnx_network import session
from PIL import Image, ImageOps

from inkdigits.constants import CLASSES, IMAGE_SIDE

app = Flask(__name__)
network = session(Path(os.environ["BASELINE_MODEL"]).read_bytes())


@app.post("/predict")
def predict() -> dict[str, Any]:
    """Recognize an image sent as JSON or as a file."""
    is_json = request.is_json
    file = base64.b64decode(request.get_json()["image"]) if is_json else request.get_data()
    gray = Image.open(io.BytesIO(file)).convert("L")
    image = ImageOps.invert(gray).resize((IMAGE_SIDE, IMAGE_SIDE))
    x = np.asarray(image, np.float32)[None] / 255
    logits = network.run(None, {"x": x})[0][0, :CLASSES]
    exponentials = np.exp(logits - logits.max())
    probabilities = exponentials / exponentials.sum()
    return {"digit": int(probabilities.argmax()), "probabilities": probabilities.tolist()}
