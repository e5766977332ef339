"""`CocoFiles`: pictures and a COCO detection file of anybody's, as PyTorch's map-style dataset."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.ImageOps import exif_transpose
from torch.utils.data import Dataset as TorchDataset

from simdata.errors import ConfigError
from simdata.torch.annotation_file import read_annotation_file
from simdata.torch.item import Item, item_of

_FORMATS = ("BMP", "JPEG", "PNG", "TIFF", "WEBP")


class CocoFiles(TorchDataset[Any]):
    """Images and targets of a COCO detection file, by rising image id; items as `CocoDataset` gives them.

    Labels count the sorted category ids from 1, however the ids run. To share labels with a synthetic set,
    give its `categories`; a category of the file that has another name there, or none, is told in `rename`.

    Boxes are cut off at the picture's edges, and annotations of which nothing is left are not given. Pictures
    become RGB: alpha is dropped, and of 16 bits the upper 8 are taken. The file's width and height say
    whether its annotations were made on the picture as stored or as its EXIF orientation turns it, and so it
    is given; where they do not tell (square, or upside down), as it is stored, which is how COCO's tools read
    it.

    Args:
        images: the folder that `file_name` starts from.
        annotations: the JSON file; masks may be polygons, or RLE, compressed or not.
        categories: names of the labels; label = index + 1. None takes the file's own.
        rename: name in the file -> name among the categories; None drops it.
        masks: decode the masks; leave them out where boxes are enough, or all there is.
        transform: called with image and target as `simdata.torch.item_of` gives them; returns both.

    Raises:
        ConfigError: a file that is missing or is not what it should be (pictures: when they are read), or a
            category without a label.
    """

    def __init__(
        self,
        images: str | Path,
        annotations: str | Path,
        *,
        categories: Sequence[str] | None = None,
        rename: Mapping[str, str | None] | None = None,
        masks: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        self.images = Path(images)
        self.annotations = read_annotation_file(Path(annotations), categories, rename, masks=masks)
        self.masks, self.transform = masks, transform
        if len(self):
            self._picture(0)  # a wrong folder shows at once

    @property
    def categories(self) -> list[str]:
        """Names of the labels; label = index + 1."""
        return self.annotations.categories

    def __len__(self) -> int:
        return len(self.annotations)

    def __getitem__(self, index: int) -> Item:
        index = range(len(self))[index]
        image, target = item_of(self._picture(index), self.annotations.target(index), masks=self.masks)
        return (image, target) if self.transform is None else self.transform(image, target)

    def __repr__(self) -> str:
        return f"CocoFiles({str(self.images)!r}, {str(self.annotations.path)!r}): {len(self)} images"

    def _picture(self, index: int) -> np.ndarray:
        """Read a picture, (H, W, 3) uint8, of the size that the annotation file says."""
        path, wanted = self.images / self.annotations.names[index], self.annotations.size(index)
        try:
            with Image.open(path, formats=_FORMATS) as image:
                picture = _rgb(image if image.size[::-1] == wanted else exif_transpose(image))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            raise ConfigError(
                f"cannot read {path}, a picture of {self.annotations.path}: {error}; "
                f"file_name starts from the folder of images that was given, {self.images}"
            ) from error
        if picture.shape[:2] != wanted:
            raise ConfigError(
                f"{path} is {picture.shape[1]} x {picture.shape[0]} pixels, but {self.annotations.path} says "
                f"{wanted[1]} x {wanted[0]}: the annotations belong to another version of the picture"
            )
        return picture


def _rgb(image: Image.Image) -> np.ndarray:
    """Return (H, W, 3) uint8 of a picture of any mode."""
    if image.mode.startswith("I"):  # Pillow would clip 16 bits
        grey = (np.asarray(image).astype(np.int64) >> 8).clip(0, 255).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=-1)
    return np.array(image.convert("RGB"))
