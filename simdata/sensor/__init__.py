"""Sensors: from linear light to the picture that a camera would have made of it; and cameras of depth."""

from simdata.sensor.depth import ActiveStereo, DepthSensor, StereoDepth, StructuredLight
from simdata.sensor.expose import expose, metered
from simdata.sensor.tone import develop, undeveloped
from simdata.sensor.value import Sensor

__all__ = [
    "ActiveStereo",
    "DepthSensor",
    "Sensor",
    "StereoDepth",
    "StructuredLight",
    "develop",
    "expose",
    "metered",
    "undeveloped",
]
