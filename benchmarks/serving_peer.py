"""The service as one would write it with the usual parts: Flask, Pillow, ONNX Runtime.

The same network as ours; no clean-up but Pillow's own: gray, inverted, 28x28. Gunicorn runs it.
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

app = Flask(__name__)
network = session(Path(os.environ["PEER_MODEL"]).read_bytes())


@app.post("/predict")
def predict() -> dict[str, Any]:
    """Read a picture that comes as JSON or as its file."""
    is_json = request.is_json
    file = base64.b64decode(request.get_json()["image"]) if is_json else request.get_data()
    picture = ImageOps.invert(Image.open(io.BytesIO(file)).convert("L")).resize((28, 28))
    logits = network.run(None, {"x": np.asarray(picture, np.float32)[None] / 255})[0][0, :10]
    exponentials = np.exp(logits - logits.max())
    probabilities = exponentials / exponentials.sum()
    return {"digit": int(probabilities.argmax()), "probabilities": probabilities.tolist()}
