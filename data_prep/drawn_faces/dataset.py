"""Faces one by one and as balanced splits; every face is a pure function of its arguments."""

import dataclasses
from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float32, UInt8

from data_prep.drawn_faces.action_units import Expression, make_expression
from data_prep.drawn_faces.canvas import Canvas
from data_prep.drawn_faces.geometry import make_curves, make_landmarks, make_pose
from data_prep.drawn_faces.hair import paint_behind, paint_glasses, paint_hair
from data_prep.drawn_faces.occluders import cover, make_occluder
from data_prep.drawn_faces.person import make_person
from data_prep.drawn_faces.portrait import PARTS_MOVED, paint_features, paint_forehead, paint_head
from data_prep.drawn_faces.scene import make_scene, paint_ground, photograph
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.errors import InputError, nearest

SPLITS = ("train", "validation", "test")
_MIN_SIZE = 32


@dataclasses.dataclass(frozen=True)
class DrawnFace:
    """A drawn face with the truth about it.

    Definition of `evidence`: every action unit moves or inks certain strokes of the drawing
    (`portrait.PARTS_MOVED`, held to by a test). The strokes of the units in `action_units` (the
    class's own and its companions on this face) are evidence: each pixel of which they cover at
    least a quarter, widened by one pixel (of 64), less what hair, hat, hand or bar hides. Not
    evidence are faint movements of other units, which never make another class, and the chin,
    which follows an open mouth. Frames of glasses hide nothing.
    """

    pixels: UInt8[np.ndarray, "size size 3"]
    emotion: str
    intensity: float
    landmarks: Float32[np.ndarray, "68 2"]
    evidence: Bool[np.ndarray, "size size"]
    action_units: tuple[int, ...]


def draw_face(emotion: str, *, seed: int, size: int = 64) -> DrawnFace:
    """One face showing `emotion`; `size` in pixels. Same arguments, same bytes.

    Person, pose, light and camera follow from the seed alone: one seed and six emotions give one
    person's six faces. `intensity` is 0.45..1; landmarks (x, y) are in pixels, pixel centres at
    +0.5, in the order of iBUG's 68. Raises InputError for an unknown emotion, a negative seed, a
    size below 32.
    """
    _check(emotion, seed=seed, size=size)
    expression = make_expression(
        emotion, np.random.default_rng([seed, 1 + EMOTIONS.index(emotion)])
    )
    rng = np.random.default_rng([seed, 0])
    person, pose, scene = make_person(rng), make_pose(rng, size=size), make_scene(rng)
    curves = make_curves(person, expression, pose)
    canvas = Canvas(size, ground=scene.ground, evidence=_evidence_parts(expression))
    paint_ground(canvas, scene, rng)
    paint_behind(canvas, person=person, pose=pose)
    paint_head(canvas, curves, person=person, scale=pose.scale)
    paint_forehead(canvas, curves, person=person, expression=expression, scale=pose.scale)
    paint_hair(canvas, curves, person=person, pose=pose)
    paint_features(canvas, curves, person=person, expression=expression, scale=pose.scale)
    paint_glasses(canvas, person=person, pose=pose)
    picture, evidence = canvas.picture(), canvas.evidence()
    occluder = make_occluder(pose, rng, skin=person.palette.skin, size=size)
    if occluder is not None:
        picture, evidence = cover(picture, evidence, occluder)
    return DrawnFace(
        pixels=photograph(picture, scene, pose, rng),
        emotion=emotion,
        intensity=expression.intensity,
        landmarks=make_landmarks(curves),
        evidence=evidence,
        action_units=expression.action_units,
    )


def draw_split(split: str, num_faces: int, *, seed: int, size: int = 64) -> Iterator[DrawnFace]:
    """Faces of `split` in a shuffled order; of any two classes one has at most one face more.

    Face i depends on `split`, `seed` and i, not on `num_faces`. No two splits or seeds share a
    face. Raises InputError for an unknown split or negative numbers.
    """
    if split not in SPLITS:
        raise InputError(f"'{split}' is no split of drawn faces{nearest(split, SPLITS)}: {SPLITS}")
    if num_faces < 0 or seed < 0:
        raise InputError(f"num_faces {num_faces} and seed {seed} must not be negative")
    return _faces(split, num_faces, seed=seed, size=size)


def _faces(split: str, num_faces: int, *, seed: int, size: int) -> Iterator[DrawnFace]:
    # 2**40 faces per split and four splits per seed: ranges that never meet.
    first = (seed * 4 + SPLITS.index(split)) << 40
    for i in range(num_faces):
        block, place = divmod(i, len(EMOTIONS))
        order = np.random.default_rng([first, block]).permutation(len(EMOTIONS))
        yield draw_face(EMOTIONS[order[place]], seed=first + i, size=size)


def _evidence_parts(expression: Expression) -> frozenset[str]:
    return frozenset(part for unit in expression.action_units for part in PARTS_MOVED[unit])


def _check(emotion: str, *, seed: int, size: int) -> None:
    if emotion not in EMOTIONS:
        raise InputError(
            f"'{emotion}' is no category that is drawn{nearest(emotion, EMOTIONS)}: {EMOTIONS}"
        )
    if seed < 0:
        raise InputError(f"seed {seed} must not be negative")
    if size < _MIN_SIZE:
        raise InputError(f"size {size} must be at least {_MIN_SIZE} pixels")
