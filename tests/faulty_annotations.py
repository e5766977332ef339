"""Faults that a writer of COCO files may have, each as a change of a sound annotation file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simdata import mask


def polygons_of(value: dict) -> dict:
    return next(a for a in value["annotations"] if isinstance(a["segmentation"], list))


def half_pixel(step: float) -> Callable[[dict], None]:
    """Shift polygons; pycocotools rounds, so its masks may stay as they were, but no reader's boxes do."""

    def apply(value: dict) -> None:
        for annotation in value["annotations"]:
            if isinstance(annotation["segmentation"], list):
                rings = [np.reshape(ring, (-1, 2)) + step for ring in annotation["segmentation"]]
                annotation["segmentation"] = [ring.clip(0, (96, 64)).ravel().tolist() for ring in rings]

    return apply


def pixel_centres(value: dict) -> None:
    """What `cv2.findContours` users write: the ring through pixel centres, a pixel too small."""
    annotation = max(value["annotations"], key=lambda a: a["area"] if not a["iscrowd"] else 0)
    ring = np.array(annotation["segmentation"][0]).reshape(-1, 2)
    ring -= ring > ring.mean(0)
    annotation["segmentation"][0] = ring.ravel().tolist()


def ids_from_zero(value: dict) -> None:
    for number, annotation in enumerate(value["annotations"]):
        annotation["id"] = number


def image_ids_from_zero(value: dict) -> None:
    for record in [*value["images"]]:
        record["id"] -= 1
    for annotation in value["annotations"]:
        annotation["image_id"] -= 1


def swapped_category(value: dict) -> None:
    polygons_of(value)["category_id"] = polygons_of(value)["category_id"] % 3 + 1


def swapped_size(value: dict) -> None:
    crowd = next(a for a in value["annotations"] if a["iscrowd"])
    crowd["segmentation"]["size"].reverse()


def shifted_run(value: dict) -> None:
    crowd = next(a for a in value["annotations"] if a["iscrowd"])
    crowd["segmentation"] = mask.encode(np.roll(mask.decode(crowd["segmentation"]), 1, axis=1))


def swapped_instances(value: dict) -> None:
    first, second = value["annotations"][0]["attributes"], value["annotations"][1]["attributes"]
    first["instance_id"], second["instance_id"] = second["instance_id"], first["instance_id"]


def set_in(key: str, change: Callable[[dict], object]) -> Callable[[dict], None]:
    def apply(value: dict) -> None:
        annotation = polygons_of(value)
        annotation[key] = change(annotation)

    return apply


def as_rle(value: dict) -> None:
    annotation = polygons_of(value)
    size = (value["images"][0]["height"], value["images"][0]["width"])
    annotation["segmentation"] = mask.encode(mask.decode_polygons(annotation["segmentation"], *size))


def set_attribute(
    key: str, change: Callable[[dict], object], truncated: bool = True
) -> Callable[[dict], None]:
    """Change an attribute of an annotation that the image's edge cuts, or of one it does not."""

    def apply(value: dict) -> None:
        attributes = [annotation["attributes"] for annotation in value["annotations"]]
        chosen = next(one for one in attributes if one["truncated"] is truncated)
        chosen[key] = change(chosen)

    return apply


def nudged_whole(attributes: dict) -> dict:
    """Show the whole a pixel aside."""
    return mask.encode(np.roll(mask.decode(attributes["amodal_rle"]), 7, axis=1))


MUTANTS: dict[str, tuple[Callable[[dict], object], set[str]]] = {
    "masks half a pixel off": (half_pixel(-0.5), {"polygon"}),
    "masks half a pixel off, other way": (half_pixel(0.5), {"polygon", "mask"}),
    "rings through pixel centres": (pixel_centres, {"mask"}),
    "annotation ids from 0": (ids_from_zero, {"id"}),
    "image ids from 0": (image_ids_from_zero, {"id"}),
    "swapped category": (swapped_category, {"category"}),
    "swapped size": (swapped_size, {"segmentation"}),
    "shifted run lengths": (shifted_run, {"mask", "bbox"}),
    "swapped instances": (swapped_instances, {"mask"}),
    "area is w * h": (set_in("area", lambda a: int(a["bbox"][2] * a["bbox"][3])), {"area"}),
    "area is a list": (set_in("area", lambda a: [a["area"]]), {"area"}),
    "box in corners": (set_in("bbox", lambda a: [*a["bbox"][:2], 90.0, 60.0]), {"bbox"}),
    "box half a pixel off": (set_in("bbox", lambda a: [v + 0.5 for v in a["bbox"]]), {"bbox"}),
    "box of three": (set_in("bbox", lambda a: a["bbox"][:3]), {"bbox"}),
    "iscrowd is a bool": (set_in("iscrowd", lambda _: False), {"iscrowd"}),
    "iscrowd lies": (set_in("iscrowd", lambda _: 1), {"policy", "crowd"}),
    "id is a float": (set_in("id", lambda a: float(a["id"])), {"id"}),
    "id is huge": (set_in("id", lambda _: 10**400), {"id"}),
    "no segmentation": (set_in("segmentation", lambda _: []), {"segmentation"}),
    "a polygon of four numbers": (set_in("segmentation", lambda _: [[1, 1, 5, 5]]), {"segmentation"}),
    "an odd polygon": (set_in("segmentation", lambda _: [[1, 1, 5, 5, 1, 5, 2]]), {"segmentation"}),
    "a polygon outside": (set_in("segmentation", lambda _: [[1, 1, 1e9, 5, 1, 5]]), {"segmentation"}),
    "a polygon of no area": (set_in("segmentation", lambda _: [[3, 3, 3, 3, 3, 3]]), {"empty_mask"}),
    "counts of bytes": (
        set_in("segmentation", lambda _: {"size": [64, 96], "counts": "\x01"}),
        {"segmentation"},
    ),
    "mixed formats": (as_rle, {"mixed_formats"}),
    "top-level ignore": (set_in("ignore", lambda _: 0), {"extra_key"}),
    "unknown category": (set_in("category_id", lambda _: 9), {"unknown_category"}),
    "orphan": (set_in("image_id", lambda _: 999), {"orphan", "missing_annotation"}),
    "missing key": (lambda v: polygons_of(v).pop("iscrowd"), {"missing_key"}),
    "missing annotation": (lambda v: v["annotations"].pop(), {"missing_annotation", "counts"}),
    "extra annotation": (
        lambda v: v["annotations"].append(
            {**polygons_of(v), "id": 77, "attributes": {"instance_id": 99}},
        ),
        {"extra_annotation", "mask"},
    ),
    "annotation twice": (
        lambda v: v["annotations"].append(polygons_of(v)),
        {"annotation_id_twice", "instance_twice"},
    ),
    "missing image record": (lambda v: v["images"].pop(), {"missing_image", "orphan"}),
    "image record twice": (
        lambda v: v["images"].append(v["images"][0]),
        {"image_id_twice", "file_name_twice"},
    ),
    "swapped width and height": (
        lambda v: v["images"][1].update(width=v["images"][1]["height"], height=v["images"][1]["width"]),
        {"image_size", "image_record"},
    ),
    "absolute file name": (lambda v: v["images"][1].update(file_name="/etc/passwd"), {"file_name"}),
    "escaping file name": (lambda v: v["images"][1].update(file_name="../../x.png"), {"file_name"}),
    "category list of those met": (lambda v: v["categories"].pop(), {"categories"}),
    "category ids from 0": (
        lambda v: [category.update(id=category["id"] - 1) for category in v["categories"]],
        {"id", "category_ids"},
    ),
    "no info": (lambda v: v.pop("info"), {"top_level"}),
    "no list of images": (lambda v: v.update(images={}), {"top_level"}),
    "unlisted licence": (lambda v: v["images"][0].update(license=2), {"license"}),
    "a whole that is aside": (set_attribute("amodal_rle", nudged_whole), {"amodal_rle"}),
    "a whole of polygons": (set_attribute("amodal_rle", lambda _: [[1, 1, 5, 5, 1, 5]]), {"amodal_rle"}),
    "a whole of another size": (
        set_attribute("amodal_rle", lambda a: {**a["amodal_rle"], "size": [96, 64]}),
        {"amodal_rle"},
    ),
    "visible fraction of the box": (
        set_attribute("visible_fraction", lambda a: a["visible_fraction"] * 0.99),
        {"visible_fraction"},
    ),
    "hidden area that is not": (
        set_attribute("hidden_area", lambda a: a["hidden_area"] + 1),
        {"hidden_area"},
    ),
    "truncation in percent": (set_attribute("truncation", lambda a: 100 * a["truncation"]), {"truncation"}),
    "truncation forgotten": (set_attribute("truncation", lambda _: 0), {"amodal_box_xywh"}),
    "truncated as a number": (set_attribute("truncated", lambda _: 1), {"truncated"}),
    "truncated and whole": (set_attribute("truncation", lambda _: 0.1, truncated=False), {"truncated"}),
    "amodal box cut at the edge": (
        set_attribute("amodal_box_xywh", lambda a: [0, *a["amodal_box_xywh"][1:]]),
        {"amodal_box_xywh"},
    ),
    "amodal box of the visible": (
        set_attribute("amodal_box_xywh", lambda a: [*a["amodal_box_xywh"][:3], 1]),
        {"amodal_box_xywh"},
    ),
    "amodal box too large": (
        set_attribute("amodal_box_xywh", lambda _: [0, 0, 96, 64], truncated=False),
        {"amodal_box_xywh"},
    ),
    "amodal box in corners": (set_attribute("amodal_box_xywh", lambda _: [1, 2, 3]), {"amodal_box_xywh"}),
    "other attributes": (lambda v: polygons_of(v)["attributes"].update(truncated="no"), {"attributes"}),
}
