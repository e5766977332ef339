"""How much of every labelled instance others hide, and how much of it the image's edge cuts off."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from simdata import mask
from simdata.amodal import silhouettes
from simdata.annotation import Labels
from simdata.errors import FrameError
from simdata.frame import Frame
from simdata.reach import beyond_reach
from simdata.scene import Scene
from simdata.silhouette import Silhouette, Window


class Visibility:
    """What is seen of each labelled instance with a visible pixel, out of all that could be.

    The whole ("amodal") instance is its silhouette, as the frame or else the geometry gives it, and whatever
    is seen of it: a rasteriser may differ from geometry by a pixel on an edge.

    - `hidden_area`: pixels of the whole that lie inside the image but show something else.
    - `visible_fraction`: visible / (visible + hidden).
    - `truncation`: share of the whole that lies outside the image, 0..1; the whole is known for one image
      size beyond each edge, as far as the camera sees.
    - `truncated`: truncation > 0, or a part lies nearer than near or farther than far (`simdata.reach`).
    - `amodal_box_xywh`: tight box of the whole; may reach outside the image.
    - `amodal_rle`: COCO RLE of the whole inside the image. It is there even where nothing is hidden and it
      equals the visible mask: readers of amodal datasets want one for every object, and it is some 200 bytes.
    """

    def __init__(self, *, store: Path | None = None) -> None:
        """Take the folder of imported meshes."""
        self._store = store

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        """Label one frame.

        Raises:
            FrameError: the frame brings silhouettes, but not that of a labelled instance which it shows.
        """
        instance_ids = scene.instance_of_node[frame.node_ids]
        places = ndimage.find_objects(instance_ids)
        seen = [instance for instance, place in enumerate(places, 1) if place is not None]
        alone = self._silhouettes(frame, scene, seen)
        cut = beyond_reach(scene, frame.camera, frame.t, self._store, instances=seen)
        labels = {}
        for instance in seen:
            rows, columns = places[instance - 1]
            box = (columns.start, rows.start, columns.stop, rows.stop)
            labels[instance] = _measure(instance_ids, instance, box, alone[instance])
            labels[instance]["truncated"] = labels[instance]["truncation"] > 0 or instance in cut
        return Labels(instances=labels)

    def _silhouettes(self, frame: Frame, scene: Scene, seen: Sequence[int]) -> Mapping[int, Silhouette]:
        if frame.silhouettes is None:
            return silhouettes(scene, frame.camera, frame.t, self._store, instances=seen)
        missing = sorted(set(seen) - set(frame.silhouettes))
        if missing:
            raise FrameError(f"the frame shows instance {missing[0]} but brings no silhouette of it")
        return frame.silhouettes


def _measure(instance_ids: np.ndarray, instance: int, seen: Window, alone: Silhouette) -> dict[str, Any]:
    """Compare what is seen of an instance, in its tight box, with what would be seen of it alone."""
    height, width = instance_ids.shape
    whole = _joined(seen, alone.trimmed().window) if alone.area else seen
    inside = max(whole[0], 0), max(whole[1], 0), min(whole[2], width), min(whole[3], height)
    visible = instance_ids[inside[1] : inside[3], inside[0] : inside[2]] == instance
    lone = alone.crop(inside)
    outside = alone.area - int(np.count_nonzero(lone))
    amodal = lone | visible
    area, shown = int(np.count_nonzero(amodal)), int(np.count_nonzero(visible))
    return {
        "visible_fraction": shown / area,
        "hidden_area": area - shown,
        "truncation": outside / (outside + area),
        "amodal_box_xywh": [float(side) for side in (*whole[:2], whole[2] - whole[0], whole[3] - whole[1])],
        "amodal_rle": mask.region(amodal, inside[0], inside[1], height, width).rle,
    }


def _joined(a: Window, b: Window) -> Window:
    """Return the smallest window that holds both."""
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])
