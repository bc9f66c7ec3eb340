"""Models in the formats of other tools: ONNX, NumPy, PyTorch, Hugging Face; export and import."""
