"""Datasets for PyTorch (extra `[torch]`): from files, live, and mixed with real images.

    from simdata.torch import CocoDataset
    loader = torch.utils.data.DataLoader(CocoDataset("data/tabletop", "train"), collate_fn=collate)

Every dataset gives `(image, target)` as torchvision's detection reference has it; torchvision is not needed.
"""

from __future__ import annotations

try:
    import torch  # noqa: F401
except ImportError as error:
    raise ImportError("simdata.torch needs PyTorch; try: pip install 'simdata[torch]'") from error

from simdata.torch.coco import CocoDataset
from simdata.torch.files import CocoFiles
from simdata.torch.item import Item, collate, item_of
from simdata.torch.mixed import MixedDataset
from simdata.torch.stream import StreamDataset

__all__ = ["CocoDataset", "CocoFiles", "Item", "MixedDataset", "StreamDataset", "collate", "item_of"]
