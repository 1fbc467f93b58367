"""Built-in faces: nine continuous factors -> pixels, drawn by array code.

A face is an ellipsoid lit by one distant light (Lambert shading) and painted back to front: hair
behind, neck, shoulders, ears, head, features, fringe. Edges are soft over one pixel by the distance
to the outline, so that every pixel is a continuous function of every factor.

Coordinates: x to the right, y upwards, both from -1 to 1 over the image; one length unit is half
the image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

FACTOR_NAMES = (
    "skin_tone",
    "hair_length",
    "hair_shade",
    "light_azimuth",
    "light_level",
    "yaw",
    "smile",
    "face_width",
    "background",
)
"""The factors in column order, each from 0 to 1."""

VERSION = 1  # part of the cache key: raise it when the drawing changes
DEFAULT_NUM = 20_000
CHUNK = 16  # images drawn at once: temporaries of 16 x 64 x 64 floats stay in the processor's cache

SKIN = ((0.97, 0.82, 0.71), (0.38, 0.24, 0.16))
HAIR = ((0.91, 0.76, 0.42), (0.09, 0.07, 0.06))
BACKGROUND = ((0.80, 0.85, 0.93), (0.28, 0.42, 0.36))
SHIRT = (0.36, 0.42, 0.60)
LIPS = (0.68, 0.24, 0.26)
IRIS = (0.16, 0.19, 0.22)
AMBIENT = 0.32
HEAD_Y, HEAD_HEIGHT, HEAD_DEPTH = 0.0, 0.60, 0.50
EYE_Y, BROW_Y, NOSE_Y, MOUTH_Y = 0.07, 0.22, -0.12, -0.33


def sample_factors(num: int, *, seed: int) -> NDArray[np.float64]:
    """Draw independent factors, uniform on [0, 1].

    Args:
        num: how many faces.
        seed: the same seed gives the same factors on every machine.

    Returns:
        Factors, shape `(num, 9)`, columns as in `FACTOR_NAMES`.
    """
    return np.random.Generator(np.random.PCG64(seed)).random((num, len(FACTOR_NAMES)))


def draw_faces(factors: NDArray[np.floating], *, size: int = 64) -> NDArray[np.uint8]:
    """Draw a face for each row of factors.

    Args:
        factors: values in [0, 1], shape `(num, 9)`, columns as in `FACTOR_NAMES`.
        size: height and width in pixels.

    Returns:
        Images, shape `(num, 3, size, size)`.

    Raises:
        ValueError: if a factor is missing or outside [0, 1].
    """
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.shape[1] != len(FACTOR_NAMES):
        raise ValueError(
            f"factors has shape {factors.shape}; draw_faces needs (num, {len(FACTOR_NAMES)}): "
            f"{', '.join(FACTOR_NAMES)}"
        )
    if not ((factors >= 0) & (factors <= 1)).all():
        raise ValueError("factors must lie between 0 and 1; rescale them first")
    images = np.empty((len(factors), 3, size, size), np.uint8)
    for start in range(0, len(factors), CHUNK):
        chunk = slice(start, start + CHUNK)
        canvas = _paint(factors[chunk].astype(np.float32), size)
        images[chunk] = (np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8)
    return images


def _between(ends: tuple[float, float], t: FloatArray) -> FloatArray:
    return np.float32(ends[0]) + np.float32(ends[1] - ends[0]) * t


def _color(ends: tuple[tuple[float, ...], tuple[float, ...]], t: FloatArray) -> FloatArray:
    """Mix two colors, shape `(batch, 3, 1, 1)`, for `t` of shape `(batch, 1, 1)`."""
    first, last = (np.array(end, np.float32).reshape(1, 3, 1, 1) for end in ends)
    return first + (last - first) * t[:, None]


def _ellipse(x: FloatArray, y: FloatArray, a: FloatArray | float, b: float) -> FloatArray:
    """Distance to the outline of an ellipse, positive inside (first order in the distance)."""
    u, v = x / a, y / b
    slope = np.sqrt((u / a) ** 2 + (v / b) ** 2) + np.float32(1e-3)
    return (1 - u * u - v * v) / (2 * slope)


def _rounded_box(
    x: FloatArray, y: FloatArray, half_width: FloatArray, half_height: FloatArray, radius: float
) -> FloatArray:
    """Distance to the outline of a box with rounded corners, positive inside."""
    p = np.abs(x) - half_width + np.float32(radius)
    q = np.abs(y) - half_height + np.float32(radius)
    outside = np.sqrt(np.maximum(p, 0) ** 2 + np.maximum(q, 0) ** 2)
    return radius - outside - np.minimum(np.maximum(p, q), 0)


@dataclass(frozen=True)
class _Light:
    """One distant light; `shade` is the Lambert term with an ambient share."""

    x: FloatArray
    y: float
    z: FloatArray
    level: FloatArray

    def shade(self, nx: FloatArray, ny: FloatArray | float, nz: FloatArray) -> FloatArray:
        lambert = np.maximum(nx * self.x + ny * self.y + nz * self.z, 0)
        shade: FloatArray = (AMBIENT + (1 - AMBIENT) * lambert) * self.level
        return shade


class _Canvas:
    """Pixels `(batch, 3, size, size)`, or a window of them, with the coordinates of each pixel."""

    def __init__(self, pixels: FloatArray, x: FloatArray, y: FloatArray, pixel: float) -> None:
        self.pixels, self.x, self.y, self.pixel = pixels, x, y, pixel

    @classmethod
    def blank(cls, color: FloatArray, size: int) -> "_Canvas":
        line = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1).astype(np.float32)
        fade = (1 - 0.06 * line)[None, None, ::-1, None]
        pixels = np.ascontiguousarray(
            np.broadcast_to(color * fade, (len(color), 3, size, size)), np.float32
        )
        return cls(pixels, line[None, None, :], -line[None, :, None], 2 / size)

    def window(self, left: float, right: float, bottom: float, top: float) -> "_Canvas":
        columns = slice(*np.searchsorted(self.x[0, 0], (left, right)))
        rows = slice(*np.searchsorted(-self.y[0, :, 0], (-top, -bottom)))
        return _Canvas(
            self.pixels[:, :, rows, columns],
            self.x[..., columns],
            self.y[:, rows],
            self.pixel,
        )

    def cover(self, distance: FloatArray, softness: float = 1.0) -> FloatArray:
        """The share of each pixel inside an outline, from the distance to it."""
        edge = np.float32(1 / (self.pixel * softness))
        return np.clip(distance * edge + np.float32(0.5), 0, 1)

    def paint(self, color: FloatArray, cover: FloatArray) -> None:
        self.pixels += (color - self.pixels) * cover[:, None]


def _paint(factors: FloatArray, size: int) -> FloatArray:
    values = dict(zip(FACTOR_NAMES, (column[:, None, None] for column in factors.T)))
    azimuth = (values["light_azimuth"] - 0.5) * 2.6
    light = _Light(
        x=np.sin(azimuth) * np.float32(0.93),
        y=0.35,
        z=np.cos(azimuth) * np.float32(0.93),
        level=_between((0.55, 1.12), values["light_level"]),
    )
    skin = _color(SKIN, values["skin_tone"])
    hair = _color(HAIR, values["hair_shade"])
    yaw = (values["yaw"] - 0.5) * np.float32(1.25)
    width = _between((0.38, 0.52), values["face_width"])
    canvas = _Canvas.blank(_color(BACKGROUND, values["background"]), size)

    _paint_hair_behind(canvas, hair, light, values["hair_length"], width)
    _paint_body(canvas, skin, light)
    _paint_head(canvas, skin, light, width, yaw)
    _paint_nose(canvas.window(-0.56, 0.56, -0.27, 0.16), skin, light, width, yaw)
    _paint_eyes(canvas.window(-0.62, 0.62, -0.06, 0.30), hair, light, width, yaw)
    _paint_mouth(canvas.window(-0.6, 0.6, -0.56, -0.16), light, width, yaw, values["smile"])
    _paint_fringe(canvas.window(-1, 1, 0.0, 1), hair, light, width, yaw)
    return canvas.pixels


def _paint_hair_behind(
    canvas: _Canvas, hair: FloatArray, light: _Light, length: FloatArray, width: FloatArray
) -> None:
    half_width = width + np.float32(0.13)
    bottom, crown = _between((0.12, -0.93), length), np.float32(HEAD_Y + 0.12)
    cap = _ellipse(canvas.x, canvas.y - crown, half_width, HEAD_HEIGHT - 0.02)
    fall = _rounded_box(
        canvas.x, canvas.y - (crown + bottom) / 2, half_width, (crown - bottom) / 2 + 0.10, 0.16
    )
    upper = np.where(canvas.y > crown, cap, np.minimum(cap, canvas.y - bottom))
    across = np.clip(canvas.x / half_width, -0.98, 0.98)
    strands = 1 + np.float32(0.05) * np.sin(canvas.x * 55)
    shade = light.shade(across, 0.2, np.sqrt(1 - across * across)) * np.float32(0.85) * strands
    distance = np.maximum(upper, np.minimum(fall, crown + 0.1 - canvas.y))
    canvas.paint(hair * shade[:, None], canvas.cover(distance))


def _paint_body(canvas: _Canvas, skin: FloatArray, light: _Light) -> None:
    part = canvas.window(-1, 1, -1, -0.3)
    across = np.clip(part.x / 0.24, -0.95, 0.95)
    neck = light.shade(across, 0.0, np.sqrt(1 - across * across)) * np.float32(0.82)
    part.paint(skin * neck[:, None], part.cover(np.minimum(0.19 - np.abs(part.x), -0.3 - part.y)))
    collar = -0.76 - np.float32(0.30) * part.x**2 - part.y
    across = np.clip(part.x * np.float32(0.7), -0.95, 0.95)
    cloth = light.shade(across, 0.3, np.sqrt(1 - across * across))
    shirt = np.array(SHIRT, np.float32).reshape(1, 3, 1, 1)
    part.paint(shirt * cloth[:, None], part.cover(collar))


def _head_normals(canvas: _Canvas, width: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The ellipsoid's unit normals."""
    u, v = canvas.x / width, (canvas.y - HEAD_Y) / np.float32(HEAD_HEIGHT)
    radius2 = u * u + v * v
    nx, ny = u / width, v / np.float32(HEAD_HEIGHT)
    nz = np.sqrt(np.maximum(1 - radius2, 0.02)) / np.float32(HEAD_DEPTH)
    length = np.sqrt(nx * nx + ny * ny + nz * nz)
    return nx / length, ny / length, nz / length


def _head_shading(
    canvas: _Canvas, light: _Light, width: FloatArray
) -> tuple[FloatArray, FloatArray]:
    nx, ny, nz = _head_normals(canvas, width)
    inside = canvas.cover(_ellipse(canvas.x, canvas.y - HEAD_Y, width, HEAD_HEIGHT))
    return light.shade(nx, ny, nz), inside


def _paint_head(
    canvas: _Canvas, skin: FloatArray, light: _Light, width: FloatArray, yaw: FloatArray
) -> None:
    part = canvas.window(-0.75, 0.75, -0.7, 0.7)
    for side in (-1, 1):
        x0 = side * (width + np.float32(0.02)) - yaw * np.float32(0.10)
        ear = light.shade(np.float32(side * 0.7) + 0 * width, 0.0, np.float32(0.7) + 0 * width)
        cover = part.cover(_ellipse(part.x - x0, part.y - EYE_Y + 0.05, 0.07, 0.12))
        part.paint(skin * ear[:, None] * np.float32(0.92), cover)
    shade, inside = _head_shading(part, light, width)
    part.paint(skin * shade[:, None], inside)


def _on_head(theta: float, y: float, width: FloatArray, yaw: FloatArray) -> tuple[FloatArray, ...]:
    """Where a point at angle `theta` and height `y` of the turned head appears.

    Returns:
        Its x, and how much a feature there narrows, both `(batch, 1, 1)`.
    """
    reach = np.float32(np.sqrt(1 - ((y - HEAD_Y) / HEAD_HEIGHT) ** 2))
    return width * reach * np.sin(theta + yaw), np.maximum(np.cos(theta + yaw), np.float32(0.25))


def _paint_nose(
    face: _Canvas,
    skin: FloatArray,
    light: _Light,
    width: FloatArray,
    yaw: FloatArray,
) -> None:
    shade, inside = _head_shading(face, light, width)
    x0, _ = _on_head(0.0, NOSE_Y, width, yaw)
    tip = x0 * np.float32(1.2)
    down = np.clip((0.1 - face.y) / np.float32(0.25), 0, 1)
    offset = face.x - x0 - (tip - x0) * down
    half = np.float32(0.045) + np.float32(0.05) * down
    bend = np.clip(offset / half, -1, 1)
    bump = light.shade(bend * np.float32(0.86), 0.15, np.sqrt(1 - np.float32(0.75) * bend * bend))
    length = np.clip((0.14 - face.y) / 0.15, 0, 1) * np.clip((face.y + 0.22) / 0.04, 0, 1)
    cover = np.clip((1 - np.abs(offset / half)) * 2, 0, 1) * length * np.float32(0.8)
    face.paint(skin * bump[:, None], cover)
    below = face.cover(_ellipse(face.x - tip, face.y + 0.215, 0.085, 0.022), 1.5)
    face.paint(skin * (shade * np.float32(0.6))[:, None], below * inside)


def _paint_eyes(
    face: _Canvas,
    hair: FloatArray,
    light: _Light,
    width: FloatArray,
    yaw: FloatArray,
) -> None:
    shade, inside = _head_shading(face, light, width)
    white = np.full((1, 3, 1, 1), 0.96, np.float32) * np.sqrt(shade)[:, None]
    iris = np.array(IRIS, np.float32).reshape(1, 3, 1, 1) * shade[:, None]
    brow = hair * np.float32(0.6) * shade[:, None]
    for side in (-1, 1):
        x0, narrow = _on_head(side * 0.46, EYE_Y, width, yaw)
        ball = face.cover(_ellipse(face.x - x0, face.y - EYE_Y, 0.105 * narrow, 0.058)) * inside
        face.paint(white, ball)
        pupil = _ellipse(face.x - x0, face.y - EYE_Y, 0.055 * np.sqrt(narrow), 0.056)
        face.paint(iris, face.cover(pupil) * ball)
        lid = 0.016 - np.abs(face.y - EYE_Y - 0.058 + 4 * (face.x - x0) ** 2)
        lid = np.minimum(lid, 0.11 * narrow - np.abs(face.x - x0))
        face.paint(iris, face.cover(lid) * inside)
        x0, narrow = _on_head(side * 0.46, BROW_Y, width, yaw)
        arch = 0.022 - np.abs(face.y - BROW_Y + 1.6 * (face.x - x0) ** 2)
        arch = np.minimum(arch, 0.13 * narrow - np.abs(face.x - x0))
        face.paint(brow, face.cover(arch) * inside)


def _paint_mouth(
    face: _Canvas,
    light: _Light,
    width: FloatArray,
    yaw: FloatArray,
    smile: FloatArray,
) -> None:
    shade, inside = _head_shading(face, light, width)
    x0, narrow = _on_head(0.0, MOUTH_Y, width, yaw)
    half = _between((0.14, 0.22), smile) * narrow
    across = (face.x - x0) / half
    curve = _between((-0.07, 0.16), smile)
    middle = np.float32(MOUTH_Y - 0.01) + curve * (across * across - np.float32(0.5))
    bow = np.sqrt(np.maximum(1 - across * across, 0))
    off_center = np.abs(face.y - middle)
    within = half - np.abs(face.x - x0)
    opening = np.float32(0.05) * np.clip(2 * smile - np.float32(0.7), 0, 1)
    lips = np.array(LIPS, np.float32).reshape(1, 3, 1, 1) * shade[:, None]
    cover = face.cover(np.minimum((np.float32(0.045) + opening / 2) * bow - off_center, within))
    face.paint(lips, cover * inside)
    teeth = np.full((1, 3, 1, 1), 0.97, np.float32) * np.sqrt(shade)[:, None]
    cover = face.cover(np.minimum(opening * bow - off_center, within - np.float32(0.02)))
    face.paint(teeth, cover * np.minimum(opening * 40, 1) * inside)


def _paint_fringe(
    canvas: _Canvas, hair: FloatArray, light: _Light, width: FloatArray, yaw: FloatArray
) -> None:
    nx, ny, nz = _head_normals(canvas, width)
    parting = canvas.x - np.float32(0.5) * width * np.sin(yaw)
    hairline = np.float32(0.36) - np.float32(0.55) * parting**2
    skull = _ellipse(canvas.x, canvas.y - HEAD_Y - 0.03, width + 0.035, HEAD_HEIGHT + 0.05)
    strands = 1 + np.float32(0.05) * np.sin(canvas.x * 55)
    shade = light.shade(nx, ny, nz) * strands
    canvas.paint(hair * shade[:, None], canvas.cover(np.minimum(skull, canvas.y - hairline)))
