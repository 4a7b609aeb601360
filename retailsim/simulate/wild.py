"""Things drawn wilder than a shop would have them: colours, clothes, light, rooms, cameras.

Every function takes a strength: 0 returns what it is given, 1 draws as wild as it gets. All
spreads are assumed.
"""

from __future__ import annotations

import colorsys
from dataclasses import replace
from typing import get_args

import numpy as np

from retailsim.simulate.camera.optics import Light
from retailsim.simulate.faults import CameraFlaws, Flaws
from retailsim.simulate.snapshot import GESTURES, Body, Clothes, Manner
from retailsim.simulate.streams import stream
from retailsim.store.obstacles import clearance_m, obstacles
from retailsim.store.plan import Camera, Decor, Pattern, Sku, StorePlan

Rng = np.random.Generator
Colour = tuple[float, float, float]
PATTERNS: tuple[Pattern, ...] = get_args(Pattern)
FLOORS = get_args(Decor.model_fields["floor"].annotation)
WALL_M = 0.12  # a camera stays this far from walls and ceiling
LOWEST_M = 1.2
CORNER_BEND = 0.12  # the most that a lens draws in a corner, share of its distance


def any_colour(rng: Rng) -> str:
    """Draw a colour of any hue, '#rrggbb'; dull and dark ones as often as strong ones."""
    hue, saturation, value = rng.uniform(), rng.uniform() ** 1.5, rng.uniform(0.05, 1.0)
    red, green, blue = (round(255 * v) for v in colorsys.hsv_to_rgb(hue, saturation, value))
    return f"#{red:02x}{green:02x}{blue:02x}"


def any_light_colour(rng: Rng) -> Colour:
    """Draw a colour of any hue in linear RGB."""
    hue, saturation, value = rng.uniform(), rng.uniform() ** 1.5, rng.uniform(0.15, 1.0)
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return (red**2.2, green**2.2, blue**2.2)


def wild_clothes(clothes: Clothes, strength: float, *, seed: int) -> Clothes:
    """Return clothes of the same cut in any colours and pattern, for a share of all outfits.

    The draws follow from seed and clothes: who is dressed alike stays so, and so does who comes
    back in the same clothes.
    """
    rng = stream(seed, "randomise", "worn", repr(clothes))
    if rng.random() >= strength:
        return clothes
    top, second, bottom, shoes = (any_light_colour(rng) for _ in range(4))
    return replace(
        clothes,
        top_colour=top,
        top_colour2=second,
        top_pattern=str(rng.choice(PATTERNS)),
        bottom_colour=top if clothes.top_kind == "dress" else bottom,
        shoe_colour=shoes,
    )


def wild_manner(body: Body, strength: float, *, seed: int) -> Manner:
    """Return how somebody walks and stands: with longer or shorter steps, stiff or swinging arms,
    upright or bent, with hands on the hips or arms folded.

    The draws follow from seed and body: who comes back moves as before. Ranges are assumed; steps
    hardly differ, for feet on the floor would slide.
    """
    if not strength:
        return body.manner
    rng = stream(seed, "randomise", "manner", body.texture_seed)
    steps, lift, sway, swing = 1 + strength * rng.uniform((-0.15, -0.5, -0.8, -0.9), (0.1, 1, 2, 1))
    elbow, lean, gaze = strength * rng.uniform((-0.1, -0.1, -0.6), (0.9, 0.25, 0.6))
    gesture = GESTURES[int(rng.integers(len(GESTURES)))]
    return Manner(
        stride=float(steps),
        foot_lift=float(lift),
        sway=float(sway),
        arm_swing=float(swing),
        elbow_rad=float(elbow),
        lean_rad=float(lean),
        gaze_rad=float(gaze),
        gesture=gesture if rng.random() < strength else "none",
    )


def wild_sku(sku: Sku, strength: float, *, seed: int) -> Sku:
    """Return an article in any colours and pattern, for a share of all articles."""
    rng = stream(seed, "randomise", "article", sku.id)
    if rng.random() >= strength:
        return sku
    pattern = PATTERNS[int(rng.integers(len(PATTERNS)))]
    colours = {"colour": any_colour(rng), "colour2": any_colour(rng)}
    return sku.model_copy(update={**colours, "pattern": pattern})


def wild_light(light: Light, strength: float, *, seed: int) -> Light:
    """Return a light from another side, of another colour, softer or harder, dimmer or brighter."""
    if not strength:
        return light
    rng = stream(seed, "randomise", "light")
    turn, up = rng.uniform(0, 2 * np.pi), rng.uniform(0.4, 2.5)
    old, new = np.array(light.direction), np.array([np.cos(turn), np.sin(turn), up])
    direction = (1 - strength) * old / np.linalg.norm(old) + strength * new / np.linalg.norm(new)
    key_share, tint = rng.uniform(-0.5, 0.3), rng.normal(0, 0.08, 3)
    shades = {}
    for name, sign in (("key", 1.0), ("sky", -0.6), ("ground", -0.6)):
        factor = np.exp(strength * (sign * key_share + tint + rng.normal(0, 0.12)))
        shades[name] = _triple(np.array(getattr(light, name)) * factor)
    return replace(
        light,
        direction=_triple(direction),
        exposure=light.exposure * float(np.exp(strength * rng.normal(0, 0.25))),
        shadow_share=float((1 - strength) * light.shadow_share + strength * rng.uniform(0.3, 0.95)),
        **shades,
    )


def wild_decor(decor: Decor, strength: float, *, seed: int) -> Decor:
    """Return other floors and walls; each of kind and colours changes with that probability."""
    rng = stream(seed, "randomise", "decor")
    change = rng.random(3) < strength
    drawn = {
        "floor": FLOORS[int(rng.integers(len(FLOORS)))],
        "floor_colour": any_colour(rng),
        "wall_colour": any_colour(rng),
    }
    other = {name: value for (name, value), new in zip(drawn.items(), change, strict=True) if new}
    return decor.model_copy(update=other)


def wild_camera(camera: Camera, plan: StorePlan, strength: float, *, seed: int) -> Camera:
    """Return a camera that was hung elsewhere near by, with another focal length and lens.

    It stays inside the shop, out of furniture, and under the ceiling; where that fails, or the
    camera is not calibrated, it stays where it is.
    """
    if not (camera.position_m and camera.look_at_m and camera.hfov_deg and strength):
        return camera
    rng = stream(seed, "randomise", "camera", camera.id)
    at = np.array(camera.position_m) + strength * rng.normal(0, (0.3, 0.3, 0.15))
    towards = np.array(camera.look_at_m) + strength * rng.normal(0, (0.5, 0.5, 0.25))
    hfov = float(np.clip(camera.hfov_deg * np.exp(strength * rng.normal(0, 0.12)), 30, 120))
    bend = strength * rng.uniform(0, CORNER_BEND)
    corner = np.tan(np.deg2rad(hfov) / 2) * np.hypot(1, camera.height_px / camera.width_px)
    width, depth = plan.size_m or (np.inf, np.inf)
    highest = max(plan.height_m - WALL_M, camera.position_m[2])
    at = np.clip(at, (WALL_M, WALL_M, LOWEST_M), (width - WALL_M, depth - WALL_M, highest))
    tall = [fixture for fixture in plan.fixtures if fixture.height_m > at[2] - WALL_M]
    if clearance_m(obstacles(plan.model_copy(update={"fixtures": tall})), at[:2])[0] < 0:
        return camera
    return camera.model_copy(
        update={
            "position_m": _triple(at),
            "look_at_m": _triple(towards),
            "hfov_deg": round(hfov, 2),
            "distortion": (round(float(-bend / corner**2), 4), 0.0),
        }
    )


def wild_flaws(camera: str, flaws: Flaws, strength: float, *, seed: int) -> CameraFlaws:
    """Return flaws that one camera has: some are sharp and clean, some anything but."""
    rng = stream(seed, "randomise", "flaws", camera)
    factor = np.exp(strength * rng.normal(0, (0.6, 0.5, 0.4, 0.8)))
    dirt, flicker = strength * np.maximum(rng.uniform((-0.7, -0.6), (0.7, 0.3)), 0)
    drawn = flaws.model_dump()
    drawn.update(
        blur_px=min(flaws.blur_px * factor[0], 3.0),
        noise_levels=min(flaws.noise_levels * factor[1], 12.0),
        vignette=min(flaws.vignette * factor[2], 0.6),
        exposure_s=float(np.clip(flaws.exposure_s * factor[3], 0.001, 0.05)),
        exposure_spread=min(flaws.exposure_spread + 0.2 * strength, 0.5),
        white_balance_spread=min(flaws.white_balance_spread + 0.05 * strength, 0.3),
        dirt=min(flaws.dirt + dirt, 1.0),
        flicker=min(flaws.flicker + flicker, 1.0),
        camera=camera,
    )
    return CameraFlaws.model_validate(drawn)


def _triple(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Colour:
    x, y, z = (round(float(v), 6) for v in values)
    return (x, y, z)
