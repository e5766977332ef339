"""A scene at one instant as Mitsuba holds it."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np

from simdata.asset import load_model
from simdata.geometry import transform
from simdata.light import AreaLight, SpotLight
from simdata.mesh import Mesh
from simdata.render.caster import world_corners
from simdata.render.mitsuba.exposure import Rays
from simdata.render.mitsuba.light import Ball, emitters, sky_emitter
from simdata.render.mitsuba.material import surface_of
from simdata.scene import Scene

DEPTH = 12  # surfaces a path may meet
# A path begins this share of the way before the first surface, so that it meets that and no lamp.
BEFORE = 1e-4
# Most light that one path brings, else one that meets a lamp by luck leaves a speck; 2.75 is shown as white.
BRIGHTEST = 10.0
NO_RAY = (0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0)


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
        stood_for = {light.surface for light in look.lights if isinstance(light, SpotLight | AreaLight)}
        lit, bare = {}, {}
        for number, (mesh, pose) in enumerate(zip(meshes, scene.world_from_nodes(t), strict=True)):
            surface, shines = surfaces[materials[number]], scene.nodes[number].name not in stood_for
            tiled = replace(mesh, uvs=mesh.uvs * surface.repeat)
            lit[f"node{number}"] = _mesh(tiled, pose, surface.bsdf, surface.emitter() if shines else None)
            bare[f"node{number}"] = _mesh(tiled, pose, None, None if shines else surface.emitter())
        lights = emitters(look, _ball(scene, meshes, t), store)
        self._lit = mi.load_dict({"type": "scene", **lit, **lights})
        # The surfaces that labels know: lamps are seen in mirrors, but not by the camera. What a lamp stands
        # for glows in this one, where it lights nothing.
        self._bare = mi.load_dict({"type": "scene", **bare})
        sky = sky_emitter(look, store)
        self._sky = None if sky is None else mi.load_dict(sky)
        # Dearer, and lets what lamps send straight through thin glass arrive.
        clear = any(material.transmission for material in surfaces)
        self._paths = mi.load_dict({"type": "volpath" if clear else "path", "max_depth": DEPTH})
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
        seen = np.isfinite(rays.near)
        starts = rays.origins + rays.near[..., None] * rays.directions
        ray = np.concatenate([starts, rays.directions, (rays.far - rays.near)[..., None]], -1)
        ray[~seen] = NO_RAY
        if str(mi.variant()).startswith("scalar"):
            found = np.stack([self._pixel(seed + k, one) for k, one in enumerate(ray)])
        else:
            self._sampler.set_samples_per_wavefront(samples)
            self._sampler.seed(seed, pixels * samples)
            # Gathered: a program that read NumPy's memory would depend on how that happens to be aligned.
            told, first = mi.Float(ray.ravel().astype(np.float32)), 7 * dr.arange(mi.UInt32, pixels * samples)
            paths = self._path(*(dr.gather(mi.Float, told, first + k) for k in range(7)))
            dr.eval(paths)  # together, else each of them follows all paths anew
            found = np.stack([np.array(part) for part in paths], -1).reshape(pixels, samples, 5)
        return found[..., :4], found[..., 4] + np.where(seen, rays.near, 0)

    def _pixel(self, seed: int, rays: np.ndarray) -> np.ndarray:
        """Follow the rays of one pixel, (samples, 7), one by one: (samples, 5)."""
        self._sampler.seed(seed, 1)
        found = []
        for ray in rays.tolist():
            found.append(self._path(*ray))
            self._sampler.advance()
        return np.array(found)

    def _path(self, *of_ray: Any) -> tuple[Any, ...]:
        """Follow one ray, or as many as Mitsuba's vectors hold.

        Args:
            of_ray: where it starts, x, y and z; where it goes, the same; how far it reaches, 0 for no ray.

        Returns:
            red, green, blue, coverage, metres.
        """
        *line, reach = of_ray
        ray: Any = mi.RayDifferential3f(mi.Ray3f(mi.Point3f(line[:3]), mi.Vector3f(line[3:])))
        ray.maxt = reach
        met = self._bare.ray_intersect_preliminary(ray)
        hit = met.is_valid()
        ray.maxt = math.inf
        ray.o = dr.select(hit, ray(met.t * (1 - BEFORE)), ray.o)
        light, _, _ = self._paths.sample(self._lit, self._sampler, ray, active=hit)
        if self._bare.emitters():
            at = met.compute_surface_interaction(ray, active=hit)
            glow = at.emitter(self._bare)
            light += 0 if glow is None else glow.eval(at, hit)  # None by scalars alone
        beyond, covered = mi.Color3f(0), mi.Float(0)
        if self._sky is not None:
            looking = dr.zeros(mi.SurfaceInteraction3f, dr.width(ray.d))
            looking.wi = -ray.d
            covered = dr.select(reach > 0, mi.Float(1), 0)
            beyond = covered * self._sky.eval(looking)
        light, cover = dr.select(hit, dr.minimum(light, BRIGHTEST), beyond), dr.select(hit, 1, covered)
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
