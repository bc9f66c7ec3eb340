"""The same script with the preprocessing of inkdigits: it recognizes drawings as well as we do.

It stands alone, like the other one: a shared module would be imported in the time that is measured.

python predict_with_onnx_and_preprocessing.py NETWORK.onnx FILE_OR_FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from inkdigits.preprocessing import ink

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
path = Path(sys.argv[2])
for file in sorted(path.iterdir()) if path.is_dir() else [path]:
    rgba = np.asarray(Image.open(file).convert("RGBA"))
    x = ink.from_image(rgba).astype(np.float32)[None] / 255
    logits = session.run(None, {"x": x})[0][0, :10]
    exponentials = np.exp(logits - logits.max())
    probabilities = (exponentials / exponentials.sum()).tolist()
    digit = int(np.argmax(probabilities))
    print(json.dumps({"file": str(file), "digit": digit, "probabilities": probabilities}))
