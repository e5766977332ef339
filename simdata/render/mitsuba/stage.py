"""A scene at one instant as Mitsuba holds it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np

from simdata.asset import load_model
from simdata.geometry import transform
from simdata.mesh import Mesh
from simdata.render.caster import world_corners
from simdata.render.mitsuba.exposure import Rays
from simdata.render.mitsuba.light import Ball, emitters, sky_emitter
from simdata.render.mitsuba.material import surface_of
from simdata.scene import Scene

DEPTH = 12  # surfaces a path may meet
# A path begins this share of the way before the first surface, so that it meets that and no lamp.
BEFORE = 1e-4


class Stage:
    """What light meets.

    Args:
        scene: what is there.
        t: one of its instants, seconds.
        store: folder of imported meshes, textures and skies.

    Attributes:
        haze: in the air, or None.

    Raises:
        AssetError: an imported mesh is not in the store.
        RenderError: a texture is not.
    """

    def __init__(self, scene: Scene, t: float, store: Path | None) -> None:
        look = scene.spec.look
        meshes = [load_model(node.shape, store).parts[node.part].mesh for node in scene.nodes]
        materials = [look.material(node) for node in scene.nodes]
        surfaces = {material: surface_of(material, store) for material in dict.fromkeys(materials)}
        lit, bare = {}, {}
        for number, (mesh, pose) in enumerate(zip(meshes, scene.world_from_nodes(t), strict=True)):
            surface = surfaces[materials[number]]
            lit[f"node{number}"] = _mesh(mesh, pose, surface.bsdf, surface.emitter())
            bare[f"node{number}"] = _mesh(mesh, pose)
        lights = emitters(look, _ball(scene, meshes, t), store)
        self._lit = mi.load_dict({"type": "scene", **lit, **lights})
        # The surfaces that labels know: lamps are seen in mirrors, but not by the camera.
        self._bare = mi.load_dict({"type": "scene", **bare})
        sky = sky_emitter(look, store)
        self._sky = None if sky is None else mi.load_dict(sky)
        self._paths = mi.load_dict({"type": "path", "max_depth": DEPTH})
        self._sampler = mi.load_dict({"type": "multijitter"})
        self.haze = look.haze

    def follow(self, rays: Rays, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Find what light comes along rays.

        Args:
            rays: of pixels, so many samples each.
            seed: of all that is random.

        Returns:
            (pixels, samples, 4): linear rgb, and 1 where a surface or the sky is seen, else 0.
            (pixels, samples): metres to the surface, inf for none.
        """
        pixels, samples = rays.near.shape
        self._sampler.set_sample_count(samples)
        starts = rays.origins + rays.near[..., None] * rays.directions
        ray = starts, rays.directions, rays.far - rays.near
        if mi.variant().startswith("scalar"):
            found = np.stack([self._pixel(seed + k, *(part[k].tolist() for part in ray)) for k in range(pixels)])
        else:
            self._sampler.set_samples_per_wavefront(samples)
            self._sampler.seed(seed, pixels * samples)
            lanes = (np.float32(part).reshape(pixels * samples, -1).T.squeeze() for part in ray)
            found = np.stack([np.array(mi.Float(values)) for values in self._path(*lanes)], -1)
        found = found.reshape(pixels, samples, 5)
        return found[..., :4], found[..., 4] + rays.near

    def _pixel(self, seed: int, *rays: list[Any]) -> np.ndarray:
        """Follow the rays of one pixel one by one, (samples, 5)."""
        self._sampler.seed(seed, 1)
        found = []
        for ray in zip(*rays, strict=True):
            found.append(self._path(*ray))
            self._sampler.advance()
        return np.array(found)

    def _path(self, start: Any, way: Any, bound: Any) -> tuple[Any, ...]:
        """Follow one ray, or as many as Mitsuba's vectors hold: red, green, blue, coverage, metres."""
        ray = mi.RayDifferential3f(mi.Ray3f(mi.Point3f(start), mi.Vector3f(way)))
        ray.maxt = mi.Float(bound)
        met = self._bare.ray_intersect_preliminary(ray)
        hit = met.is_valid()
        ray.maxt = math.inf
        ray.o = dr.select(hit, ray(met.t * (1 - BEFORE)), ray.o)
        light, _, _ = self._paths.sample(self._lit, self._sampler, ray, active=hit)
        light = dr.select(hit, light, 0)
        cover = dr.select(hit, mi.Float(1), 0)
        if self._sky is not None:
            beyond = dr.zeros(mi.SurfaceInteraction3f, dr.width(ray.d))
            beyond.wi = -ray.d
            light, cover = dr.select(hit, light, self._sky.eval(beyond)), dr.select(hit, cover, 1)
        return (*light, cover, dr.select(hit, met.t, math.inf))


def _mesh(mesh: Mesh, world_from_node: np.ndarray, surface: Any = None, emitter: Any = None) -> Any:
    """Return a mesh, moved into the world frame."""
    properties = mi.Properties()
    if surface is not None:
        properties["surface"] = surface
    if emitter is not None:
        properties["emitter"] = emitter
    counts = len(mesh.vertices), len(mesh.faces)
    made = mi.Mesh("node", *counts, has_vertex_normals=True, has_vertex_texcoords=True, props=properties)
    values = mi.traverse(made)
    values["vertex_positions"] = transform(world_from_node, mesh.vertices).ravel().astype(np.float32)
    values["vertex_normals"] = (mesh.normals @ world_from_node[:3, :3].T).ravel().astype(np.float32)
    values["vertex_texcoords"] = mesh.uvs.ravel().astype(np.float32)
    values["faces"] = mesh.faces.ravel().astype(np.uint32)
    values.update()
    return made


def _ball(scene: Scene, meshes: list[Mesh], t: float) -> Ball:
    """Return a ball that holds the whole scene."""
    points = world_corners(scene, [mesh.bounds for mesh in meshes], t).reshape(-1, 3)
    low, high = (points.min(0), points.max(0)) if len(points) else (np.zeros(3), np.zeros(3))
    return Ball((low + high) / 2, max(float(np.linalg.norm(high - low)) / 2, 1.0))
