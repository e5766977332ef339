"""`Silhouette`: every pixel at which one object, were it alone, would be seen, beyond the image's edges too.

What is seen of an object is a part of its silhouette; the rest is hidden by others or cut off by the edge.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from simdata.camera import Camera

# A silhouette reaches this many image sizes beyond each edge, and is cut there.
MARGIN = 1.0

Window = tuple[int, int, int, int]  # x0, y0, x1, y1: pixels, ends excluded; below 0 is left of or above it


@dataclass(frozen=True, eq=False)
class Silhouette:
    """The pixels at whose centre one object alone would be seen, between the camera's near and far.

    Attributes:
        x, y: column and row of the image at which `mask` begins; below 0 left of and above the image.
        mask: (h, w) bool, read-only. It need not be tight; an object that cannot be seen has no pixel in it.

    Raises:
        ValueError: the mask is not (h, w) bool.
    """

    x: int
    y: int
    mask: np.ndarray = field(repr=False)

    def __post_init__(self) -> None:
        if self.mask.ndim != 2 or self.mask.dtype != bool:
            raise ValueError(
                f"a silhouette's mask must be (h, w) bool, got {self.mask.shape} {self.mask.dtype}"
            )
        self.mask.flags.writeable = False

    @property
    def window(self) -> Window:
        """The pixels that `mask` covers."""
        height, width = self.mask.shape
        return self.x, self.y, self.x + width, self.y + height

    @property
    def area(self) -> int:
        """Pixels, inside the image and outside."""
        return int(np.count_nonzero(self.mask))

    @property
    def box_xywh(self) -> list[float]:
        """Tight box, image pixels, x and y below 0 where it begins outside; all 0 for no pixel."""
        x0, y0, x1, y1 = self.trimmed().window
        return [float(x0), float(y0), float(x1 - x0), float(y1 - y0)]

    def trimmed(self) -> Silhouette:
        """Return the same pixels with a tight mask: (0, 0) at x = y = 0 for none."""
        rows, columns = np.flatnonzero(self.mask.any(1)), np.flatnonzero(self.mask.any(0))
        if len(rows) == 0:
            return Silhouette(0, 0, np.zeros((0, 0), bool))
        x, y = int(columns[0]), int(rows[0])
        return Silhouette(self.x + x, self.y + y, self.mask[y : rows[-1] + 1, x : columns[-1] + 1])

    def crop(self, window: Window) -> np.ndarray:
        """Return the part within any window, (y1 - y0, x1 - x0) bool; False beyond the mask."""
        x0, y0, x1, y1 = window
        cropped = np.zeros((y1 - y0, x1 - x0), bool)
        left, top = max(x0, self.x), max(y0, self.y)
        right, bottom = min(x1, self.window[2]), min(y1, self.window[3])
        if left < right and top < bottom:
            own = self.mask[top - self.y : bottom - self.y, left - self.x : right - self.x]
            cropped[top - y0 : bottom - y0, left - x0 : right - x0] = own
        return cropped

    def inside(self, width: int, height: int) -> np.ndarray:
        """Return the part inside an image, (height, width) bool."""
        return self.crop((0, 0, width, height))

    def same_pixels(self, other: Silhouette) -> bool:
        """Tell whether two silhouettes are the same pixels, however tight their masks."""
        mine, theirs = self.trimmed(), other.trimmed()
        return mine.window == theirs.window and bool((mine.mask == theirs.mask).all())


def margin(camera: Camera) -> Window:
    """Return the pixels that silhouettes are made of: the image and `MARGIN` of its size around it."""
    x, y = round(MARGIN * camera.width), round(MARGIN * camera.height)
    return -x, -y, camera.width + x, camera.height + y


def keeps_lines_straight(camera: Camera) -> bool:
    """Tell whether the image of a straight edge is straight: a pinhole, all of it seen at one instant."""
    return camera.lens.lens == "pinhole" and not camera.rolls


def window(camera: Camera, vertices: np.ndarray) -> Window:
    """Return a window, within `margin`, that holds every pixel centre at which a body may be seen.

    Args:
        camera: who looks.
        vertices: (V, 3) metres, camera frame; the body lies within their convex hull.

    Returns:
        (0, 0, 0, 0) where none can be. Tight up to a pixel for what lies between near and far; what reaches
        beyond is taken for its bounding box, cut there. Lenses that bend lines get the whole margin.
    """
    whole = margin(camera)
    if len(vertices) == 0:
        return (0, 0, 0, 0)
    if not keeps_lines_straight(camera):
        return whole
    low, high = _bounds(vertices)
    near, far = max(low[2], camera.near), min(high[2], camera.far)
    if near > far:
        return (0, 0, 0, 0)
    if low[2] < near or high[2] > far:
        corners = np.meshgrid((low[0], high[0]), (low[1], high[1]), (near, far))
        vertices = np.stack(corners, -1).reshape(-1, 3)
    low, high = _bounds(camera.lens.project(vertices))
    x0, y0 = np.clip(np.floor(low), whole[:2], whole[2:]).astype(int).tolist()
    x1, y1 = np.clip(np.ceil(high), whole[:2], whole[2:]).astype(int).tolist()
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else (0, 0, 0, 0)


def _bounds(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest (d,) of (n, d) points; a column at a time is several times faster."""
    return np.array([axis.min() for axis in points.T]), np.array([axis.max() for axis in points.T])
