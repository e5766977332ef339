"""White furnace: no surface of `gl` gives back more light than it gets, and a white one gives back all of it.

The shaders' own `reflected` is added up over all directions of light on the device; the mixture of densities
that it is sampled by is written here anew.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from photometer import Photometer, dressed, shot, wall
from sample_scene import camera

from simdata.material import Material

pytest.importorskip("moderngl")
from simdata.render.gl.albedo import ALBEDO_UNIT, albedo_table
from simdata.render.gl.program import source

SIDE = 24  # settings of n_v, and of roughness, in one picture

FURNACE = """
#version 430
#include "brdf.glsl"

uniform float base, metallic, coat, coat_roughness, transmission;
const int SIDE = 24, STEPS = 72;
const float PI = 3.14159265;

layout(location = 0) out vec4 found;  // of all lights; of light from everywhere; what comes through

// GGX as it is seen from v: a half vector, and the density of the light's way that it stands for.
vec3 facet(vec3 v, float alpha, vec2 u) {
    vec3 stretch = vec3(alpha, alpha, 1.0), pole = normalize(v * stretch);
    float up = mix(1.0, -pole.z, u.x), turn = 2.0 * PI * u.y;
    vec3 cap = vec3(sqrt(max(1.0 - up * up, 0.0)) * vec2(cos(turn), sin(turn)), up);
    return normalize((cap + pole) * stretch);
}

float density(vec3 v, vec3 l, float alpha) {
    vec3 h = normalize(v + l);
    float a2 = alpha * alpha, d = h.z * h.z * (a2 - 1.0) + 1.0;
    return a2 / (PI * d * d) * 2.0 / (v.z + sqrt(v.z * v.z * (1.0 - a2) + a2)) / 4.0;
}

void main() {
    vec2 place = (gl_FragCoord.xy - 0.5) / float(SIDE - 1);
    float n_v = mix(0.02, 1.0, place.x), roughness = max(place.y, SMOOTHEST);
    Surface surface;
    surface.view = vec3(sqrt(1.0 - n_v * n_v), 0.0, n_v);
    surface.normal = surface.facing = vec3(0.0, 0.0, 1.0);
    surface.roughness = roughness;
    surface.alpha = roughness * roughness;
    surface.diffuse = vec3(base * (1.0 - metallic));
    surface.specular = vec3(mix(0.04, base, metallic));
    surface.coat = coat;
    surface.coat_roughness = max(coat_roughness, SMOOTHEST);
    share_out(surface);
    glaze(surface, vec3(base), transmission * (1.0 - metallic));

    float varnished = surface.coat_roughness * surface.coat_roughness;
    found = vec4(0.0);
    for (int k = 0; k < 3 * STEPS * STEPS; k++) {
        int n = k / 3;
        vec2 u = (vec2(n / STEPS, n % STEPS) + 0.5) / float(STEPS);
        vec3 l;
        if (k % 3 == 0) l = vec3(sqrt(u.x) * vec2(cos(2.0 * PI * u.y), sin(2.0 * PI * u.y)), sqrt(1.0 - u.x));
        else l = reflect(-surface.view, facet(surface.view, k % 3 == 1 ? surface.alpha : varnished, u));
        if (l.z <= 0.0) continue;
        float sum = l.z / PI + density(surface.view, l, surface.alpha) + density(surface.view, l, varnished);
        found.x += reflected(surface, l).x / PI / sum / float(STEPS * STEPS);
    }
    vec3 below = surface.diffuse + surface.glossy;
    found.y = (1.0 - surface.veil) * below.x + varnish(surface).glossy.x;
    found.z = (1.0 - surface.veil) * surface.through.x;
}
"""


# What interpolating the table of the lobe and adding up its light by samples leave.
NEAR = 0.008

Furnace = Callable[..., np.ndarray]


def heated(gl: Any, brdf: str) -> Furnace:
    """Return what a setting gives back, over roughness (rows) and n_v (columns), (SIDE, SIDE, 4)."""
    context = gl._context
    plain = {"base": 1.0, "metallic": 0.0, "coat": 0.0, "coat_roughness": 0.0, "transmission": 0.0}
    with context:
        text = FURNACE.strip().replace('#include "brdf.glsl"', brdf)
        program = context.program(vertex_shader=source("screen.vert"), fragment_shader=text)
        program["albedo"].value = ALBEDO_UNIT
        texture, table = context.texture((SIDE, SIDE), 4, dtype="f4"), albedo_table(context)
        target, array = context.framebuffer([texture]), context.vertex_array(program, [])

    def found(**setting: float) -> np.ndarray:
        with context:
            for name, value in (plain | setting).items():
                program[name].value = value
            target.use()
            table.use(ALBEDO_UNIT)
            context.enable_only(0)
            array.render(vertices=3)
            return np.frombuffer(texture.read(), np.float32).reshape(SIDE, SIDE, 4)

    return found


@pytest.fixture(scope="module")
def furnace(gl: Any) -> Furnace:
    return heated(gl, source("brdf.glsl"))


VARNISHES = [(0.0, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 1.0)]


def faults(furnace: Furnace) -> list[str]:
    """Say which settings give back more than they get, or not all of it though they are white."""
    said = []
    for metallic, base, coat in itertools.product((0.0, 0.5, 1.0), (0.0, 0.5, 1.0), VARNISHES):
        found = furnace(metallic=metallic, base=base, coat=coat[0], coat_roughness=coat[1])
        lights, everywhere = found[..., 0], found[..., 1]
        setting = f"metallic {metallic}, base {base}, coat {coat}"
        if lights.max() > 1 + NEAR or everywhere.max() > 1 + 1e-5:
            said.append(
                f"{setting}: {lights.max():.3f} of lights, {everywhere.max():.3f} of light from everywhere"
            )
        if np.abs(lights - everywhere).max() > NEAR:
            said.append(f"{setting}: lights and light from everywhere differ")
        if base == 1 and metallic != 0.5 and min(lights.min(), everywhere.min()) < 1 - NEAR:
            said.append(
                f"{setting}: {lights.min():.3f} of lights, {everywhere.min():.3f} of light from everywhere"
            )
    return said


def test_no_surface_makes_light_and_white_ones_lose_none(furnace: Furnace) -> None:
    """Every roughness, every angle to 89 degrees, black to white, metal or not, varnished or not."""
    assert not faults(furnace)


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_clear_glass_lets_through_what_it_does_not_mirror(furnace: Furnace, share: float) -> None:
    found = furnace(transmission=share)
    assert np.abs(found[..., 0] + found[..., 2] - 1).max() < NEAR


WRONG = {
    "rough metals lose light": ("1.0 + surface.specular * (1.0 / share.x - 1.0)", "vec3(1.0)"),
    "diffuse keeps what was mirrored": ("surface.diffuse *= 1.0 -", "surface.diffuse *= 1.0; //"),
    "a varnish takes nothing": ("(1.0 - surface.veil) * (scattered + glossy)", "(scattered + glossy)"),
    "Smith's masking left out": ("* visibility(alpha, n_l, n_v)", "* 0.25 / max(n_l * n_v, 1e-4)"),
    "a lobe too narrow": ("a2 / (d * d)", "a2 * a2 / (d * d)"),
}


@pytest.mark.parametrize(("right", "wrong"), WRONG.values(), ids=WRONG.keys())
def test_another_surface_is_caught(gl: Any, right: str, wrong: str) -> None:
    assert right in source("brdf.glsl")
    assert faults(heated(gl, source("brdf.glsl").replace(right, wrong)))


@pytest.mark.parametrize("metallic", [0.0, 1.0])
@pytest.mark.parametrize("coat", [0.0, 0.4, 1.0])
def test_a_white_wall_reads_the_light_around_it(
    gl: Any, meter: Photometer, metallic: float, coat: float
) -> None:
    """Seen head-on, whatever its gloss: in a picture, too."""
    for roughness, varnish in itertools.product((0.05, 0.4, 1.0), (0.0, 0.5)):
        matter = Material(
            base_color=(1, 1, 1), roughness=roughness, metallic=metallic, coat=coat, coat_roughness=varnish
        )
        view = camera(4, 4, eye=(0, -2, 0), target=(0, 0, 0), fov=0.01)
        scene = dressed(wall(view), ambient=0.8, materials={"cuboid_1.body": matter})
        assert meter.light(shot(gl, scene)).mean() == pytest.approx(0.8, rel=0.01)
