"""Skies: what surrounds the scene at infinity, as values and as pictures all around."""

from simdata.sky.day import daylight
from simdata.sky.picture import import_sky, radiance
from simdata.sky.sphere import areas, directions, looked_up, reading
from simdata.sky.value import DaySky, ImageSky, NightSky, Sky

__all__ = [
    "DaySky",
    "ImageSky",
    "NightSky",
    "Sky",
    "areas",
    "daylight",
    "directions",
    "import_sky",
    "looked_up",
    "radiance",
    "reading",
]
