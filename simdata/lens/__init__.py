"""Lens models: which ray belongs to which pixel, in the camera frame (x right, y down, z forward).

Pixel (column j, row i) has its centre at (j + 0.5, i + 0.5). OpenCV, ROS and Kalibr put it at (j, i): their
principal points are ours less 0.5 (`simdata.calibration` adds it).

One file a model. Every lens answers `project` and `rays`, and everything else asks for nothing more. Both are
nan where the lens does not see: outside the region in which its model is one-to-one, a formula may still give
numbers, but they are no picture.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simdata.lens.brown_conrady import BrownConrady
from simdata.lens.intrinsics import MAX_SIDE
from simdata.lens.kannala_brandt import KannalaBrandt
from simdata.lens.pinhole import Pinhole

__all__ = ["MAX_SIDE", "AnyLens", "BrownConrady", "KannalaBrandt", "Lens", "Pinhole"]

AnyLens = Pinhole | BrownConrady | KannalaBrandt
Lens = Annotated[AnyLens, Field(discriminator="lens")]
