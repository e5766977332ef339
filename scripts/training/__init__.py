"""A small detector from scratch, in plain PyTorch; `scripts/train_detector.py` drives it."""
