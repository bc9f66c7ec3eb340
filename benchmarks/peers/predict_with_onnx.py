"""A script as a user would write it: recognize image files with Pillow and ONNX Runtime.

python predict_with_onnx.py NETWORK.onnx FILE_OR_FOLDER
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
path = Path(sys.argv[2])
for file in sorted(path.iterdir()) if path.is_dir() else [path]:
    image = ImageOps.invert(Image.open(file).convert("L")).resize((28, 28))
    x = np.asarray(image, np.float32)[None] / 255
    logits = session.run(None, {"x": x})[0][0, :10]
    exponentials = np.exp(logits - logits.max())
    probabilities = (exponentials / exponentials.sum()).tolist()
    digit = int(np.argmax(probabilities))
    print(json.dumps({"file": str(file), "digit": digit, "probabilities": probabilities}))
