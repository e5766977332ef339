"""Read a dataset with datumaro and compare it with the annotation files.

Run it in an environment of its own: datumaro pins other versions of NumPy and Pillow than simdata has.

    python -m venv /tmp/datumaro && /tmp/datumaro/bin/pip install datumaro==1.13.12
    /tmp/datumaro/bin/python scripts/readers_datumaro.py DATASET
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from datumaro import Dataset
from datumaro.components.annotation import AnnotationType

SHAPES = (AnnotationType.mask, AnnotationType.polygon)


def ours(folder: Path, split: str) -> dict[str, list[tuple[str, list[float]]]]:
    """Return image stem -> sorted (category, box) of every annotation, from the JSON alone."""
    value = json.loads((folder / f"annotations/instances_{split}.json").read_bytes())
    names = {category["id"]: category["name"] for category in value["categories"]}
    found: dict[int, list[tuple[str, list[float]]]] = {image["id"]: [] for image in value["images"]}
    for annotation in value["annotations"]:
        found[annotation["image_id"]].append((names[annotation["category_id"]], annotation["bbox"]))
    stems = {image["id"]: Path(image["file_name"]).stem for image in value["images"]}
    return {stems[number]: sorted(boxes) for number, boxes in found.items()}


def theirs(dataset: Dataset, split: str) -> dict[str, list[tuple[str, list[float]]]]:
    """Return the same as datumaro has it: one box a group of shapes."""
    labels = dataset.categories()[AnnotationType.label]
    found = {}
    for item in dataset:
        if item.subset != split:
            continue
        groups: dict[int, list] = {}
        for annotation in item.annotations:
            if annotation.type in SHAPES:
                groups.setdefault(annotation.group, []).append(annotation)
        found[item.id] = sorted((labels[shapes[0].label].name, hull(shapes)) for shapes in groups.values())
    return found


def hull(shapes: list) -> list[float]:
    """Return the box [x, y, w, h] around some shapes."""
    boxes = [shape.get_bbox() for shape in shapes]
    x, y = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
    return [float(x), float(y), float(right - x), float(bottom - y)]


def main(folder: Path) -> None:
    """Compare every split."""
    dataset = Dataset.import_from(str(folder), "coco_instances")
    splits = [file.stem.removeprefix("instances_") for file in sorted(folder.glob("annotations/*.json"))]
    assert sorted(dataset.subsets()) == splits, (sorted(dataset.subsets()), splits)
    images = annotations = 0
    for split in splits:
        mine, read = ours(folder, split), theirs(dataset, split)
        assert mine.keys() == read.keys(), sorted(mine.keys() ^ read.keys())[:5]
        for stem, boxes in mine.items():
            assert len(boxes) == len(read[stem]), (stem, len(boxes), len(read[stem]))
            assert boxes == read[stem], (stem, boxes, read[stem])
        images += len(mine)
        annotations += sum(map(len, mine.values()))
    sizes = {item.media.size for item in dataset}
    print(json.dumps({"images": images, "annotations": annotations, "sizes": sorted(sizes)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
