"""Commands about what was made: `preview`, `check`, `replay`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np

    from simdata.preview import Picture
    from simdata.replay import Replay

Folder = Annotated[Path, typer.Argument(metavar="DATASET", help="The folder of a dataset.")]


def preview(
    source: Annotated[str, typer.Argument(metavar="CONFIG_OR_DATASET", help="Scene, YAML file or dataset.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture to write (png, jpg, webp).")],
    count: Annotated[int, typer.Option(help="How many images.")] = 24,
    labels: Annotated[bool, typer.Option("--labels/--no-labels", help="Boxes, masks and names.")] = True,
    columns: Annotated[int | None, typer.Option(help="Images a row.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="KEY=VALUE of the config.")] = None,
) -> None:
    """Write a contact sheet.

    Shows the first images of a config, or images spread over a dataset, with their labels.

    Example: simdata preview tabletop -o sheet.png --count 12
    """
    from simdata.errors import ConfigError
    from simdata.preview import contact_sheet

    if count < 1 or (columns is not None and columns < 1):
        raise ConfigError("--count and --columns must be 1 or more")
    _writable(output)
    is_dataset = Path(source).is_dir()
    if is_dataset and overrides:
        raise ConfigError("--set changes a config; the images of a dataset are what they are")
    pictures = _dataset_pictures(source, count) if is_dataset else _config_pictures(source, overrides, count)
    sheet = contact_sheet(pictures, columns, labels=labels)
    _save(sheet, output)
    typer.echo(f"wrote {output}, {sheet.shape[1]} x {sheet.shape[0]} pixels")


def check(folder: Folder) -> None:
    """Check a dataset from its files alone.

    Prints each fault with its file and id.
    Exit code 1 when there is a fault.

    Example: simdata check data/tabletop
    """
    from simdata.check import check_dataset

    faults = check_dataset(folder)
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        typer.echo(f"{folder}: {len(faults)} faults")
        raise typer.Exit(1)
    typer.echo(f"{folder}: {_summary(folder)}; no fault")


def replay(
    folder: Folder,
    image_id: Annotated[int, typer.Argument(metavar="IMAGE_ID", help="As in the annotation file.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the picture here.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change the stored spec first: look.… or cameras.…, KEY=VALUE."),
    ] = None,
) -> None:
    """Render one image again from its stored spec.

    Says whether the pixels are the same, or how they differ.
    Exit code 1 when nothing was changed and they are not.

    Example: simdata replay data/tabletop 17 --set look.ambient=0.9 -o brighter.png
    """
    from simdata.dataset import Dataset
    from simdata.replay import replay as render_again

    if output is not None:
        _writable(output)
    result = render_again(Dataset(folder), image_id, changes=changes or ())
    if output is not None:
        _save(result.sample.image, output)
        typer.echo(f"wrote {output}")
    typer.echo(f"image {image_id}: {_verdict(result)}")
    raise typer.Exit(0 if changes or result.same_pixels else 1)


def _verdict(result: Replay) -> str:
    """Say in one line how a replay compares with what is stored."""
    labels = f", {result.differing_ids} instance ids differ" if result.differing_ids else ""
    if result.same_pixels:
        return f"same pixels{labels}"
    share = result.differing / (result.record.width * result.record.height)
    text = f"{result.differing} pixels differ ({share:.2%}), by at most {result.largest} of 255{labels}"
    lossy = result.record.dataset.config.dataset.image_format != "png"
    return text + ("; the stored file is lossy, so this counts its losses too" if lossy else "")


def _summary(folder: Path) -> str:
    from simdata.dataset import Dataset
    from simdata.errors import ConfigError

    try:
        counts = Dataset(folder).manifest["coco"]
    except ConfigError:  # annotation files alone are a dataset too
        return "annotations"
    images, annotations = (sum(counts[what].values()) for what in ("images", "annotations"))
    return f"{images} images, {annotations} annotations, {len(counts['categories'])} categories"


def _dataset_pictures(folder: str, count: int) -> list[Picture]:
    """Take images evenly spread over a dataset."""
    from simdata.dataset import Dataset
    from simdata.errors import ConfigError
    from simdata.preview import record_picture

    dataset = Dataset(folder)
    if not len(dataset):
        raise ConfigError(f"{folder} holds no image")
    count = min(count, len(dataset))
    return [record_picture(dataset[number * len(dataset) // count]) for number in range(count)]


def _config_pictures(name: str, overrides: list[str] | None, count: int) -> list[Picture]:
    """Make the first images of a config; nothing is kept."""
    from itertools import islice

    from simdata.config_file import load_config

    return list(islice(_samples(load_config(name, overrides=overrides or ()), count), count))


def _samples(config: object, count: int) -> Iterator[Picture]:
    from simdata.api import samples
    from simdata.config import Config
    from simdata.preview import sample_picture

    assert isinstance(config, Config)
    # A small config still gives a full sheet: scene numbers go on where its own end.
    enough = config.dataset.model_copy(update={"scenes": max(config.dataset.scenes, count)})
    for sample in samples(config.model_copy(update={"dataset": enough})):
        yield sample_picture(sample, config.labels)


def _writable(output: Path) -> None:
    """Refuse a picture that cannot be written, before the work is done."""
    from simdata.errors import ConfigError

    if output.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise ConfigError(f"{output}: the name must end in .png, .jpg or .webp")
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise ConfigError(f"cannot write {output}: it is a folder, or its folder is not there")


def _save(image: np.ndarray, output: Path) -> None:
    from PIL import Image

    from simdata.errors import ConfigError

    try:
        Image.fromarray(image).save(output)
    except OSError as error:
        raise ConfigError(f"cannot write {output}: {error.strerror or error}") from error
