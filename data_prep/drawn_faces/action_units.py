"""Which action units (Ekman and Friesen's FACS) a category moves, and how strongly on one face."""

import dataclasses

import numpy as np

# 1 inner brow raiser, 2 outer brow raiser, 4 brow lowerer, 5 upper lid raiser, 6 cheek raiser,
# 7 lid tightener, 9 nose wrinkler, 12 lip corner puller, 15 lip corner depressor,
# 16 lower lip depressor, 17 chin raiser, 20 lip stretcher, 23 lip tightener, 25 lips part,
# 26 jaw drop, 43 lid droop.
UNITS = (1, 2, 4, 5, 6, 7, 9, 12, 15, 16, 17, 20, 23, 25, 26, 43)

CLASS_UNITS = {
    "happiness": (6, 12),
    "surprise": (1, 2, 5, 26),
    "sadness": (1, 4, 15),
    "anger": (4, 5, 7, 23),
    "disgust": (9, 15, 16),
    "fear": (1, 2, 4, 5, 7, 20, 26),
}

# Share of the face's intensity that a unit gets where it is not all of it.
_SHARE = {
    ("surprise", 25): 0.6,
    ("fear", 2): 0.55,
    ("fear", 7): 0.6,
    ("fear", 25): 0.7,
    ("fear", 26): 0.4,
    ("anger", 5): 0.6,
    ("disgust", 7): 0.7,
    ("disgust", 15): 0.8,
    ("happiness", 26): 0.45,
}

# Ways to show one category: units that come along, each way as likely as the others.
_COMPANIONS: dict[str, tuple[tuple[int, ...], ...]] = {
    "happiness": ((), (25,), (25,), (25, 26)),
    "surprise": ((25,),),
    "sadness": ((), (17,), (43,)),
    "anger": ((), (17,), (25,)),
    "disgust": ((7,), (7, 25), (7, 17)),
    "fear": ((25,),),
}

# Units that may stir on a face without making it look like another category.
_DISTRACTORS = {
    "happiness": (1, 2, 5, 7, 20, 43),
    "surprise": (6, 9, 15, 20),
    "sadness": (2, 6, 7, 23, 25),
    "anger": (2, 6, 9, 15, 43),
    "disgust": (2, 4, 6, 26, 43),
    "fear": (6, 9, 15, 23),
}
_DISTRACTOR_LIMIT = 0.3
_INTENSITY = (0.45, 1.0)


@dataclasses.dataclass(frozen=True)
class Expression:
    """What one face's muscles do; `left`, `right` (of the image) map each unit to 0..1."""

    emotion: str
    intensity: float
    left: dict[int, float]
    right: dict[int, float]
    action_units: tuple[int, ...]

    def mean(self, unit: int) -> float:
        """Strength of `unit` over both sides, 0..1."""
        return 0.5 * (self.left[unit] + self.right[unit])


def make_expression(emotion: str, rng: np.random.Generator) -> Expression:
    """One way to show `emotion`: its units near one intensity, companions and faint unrelated ones.

    `action_units` names the category's units and this face's companions, not the unrelated ones:
    those stay below 0.3, the others above 0.35 of their share.
    """
    intensity = float(rng.uniform(*_INTENSITY))
    companions = _COMPANIONS[emotion]
    active = (*CLASS_UNITS[emotion], *companions[rng.integers(len(companions))])
    strengths = dict.fromkeys(UNITS, 0.0)
    for unit in active:
        own = np.clip(intensity * rng.uniform(0.8, 1.2), 0.4, 1.0)
        strengths[unit] = float(own) * _SHARE.get((emotion, unit), 1.0)
    others = [unit for unit in _DISTRACTORS[emotion] if unit not in active]
    for unit in rng.permutation(others)[: rng.integers(0, 3)]:
        strengths[int(unit)] = float(rng.uniform(0.05, _DISTRACTOR_LIMIT))
    lean = rng.normal(0.0, 0.07, len(UNITS)).clip(-0.15, 0.15)
    return Expression(
        emotion=emotion,
        intensity=intensity,
        left={
            u: min(1.0, strengths[u] * (1 - d)) for u, d in zip(UNITS, lean.tolist(), strict=True)
        },
        right={
            u: min(1.0, strengths[u] * (1 + d)) for u, d in zip(UNITS, lean.tolist(), strict=True)
        },
        action_units=tuple(sorted(active)),
    )
