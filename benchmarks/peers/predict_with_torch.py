"""A script as a user would write it: recognize an image file with Pillow and PyTorch.

python predict_with_torch.py NETWORK.pt FILE
"""

import json
import sys

import numpy as np
import torch
from PIL import Image, ImageOps

torch.set_num_threads(1)
network = torch.nn.Sequential(
    torch.nn.Unflatten(1, (1, 28)),
    torch.nn.Conv2d(1, 20, 3),
    torch.nn.MaxPool2d(2),
    torch.nn.ReLU(),
    torch.nn.Conv2d(20, 36, 3),
    torch.nn.ReLU(),
    torch.nn.Conv2d(36, 52, 3),
    torch.nn.ReLU(),
    torch.nn.Conv2d(52, 68, 3),
    torch.nn.MaxPool2d(2),
    torch.nn.ReLU(),
    torch.nn.Flatten(),
    torch.nn.Linear(3 * 3 * 68, 64),
    torch.nn.ReLU(),
    torch.nn.Linear(64, 11),
)
network.load_state_dict(torch.load(sys.argv[1]))
image = ImageOps.invert(Image.open(sys.argv[2]).convert("L")).resize((28, 28))
x = torch.from_numpy(np.asarray(image, np.float32) / 255)
with torch.inference_mode():
    probabilities = network(x[None])[0, :10].softmax(dim=0).tolist()
digit = int(np.argmax(probabilities))
print(json.dumps({"file": sys.argv[2], "digit": digit, "probabilities": probabilities}))
