"""Fits scalings to faces that are never measured, and chooses among them by cross-validation."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.evaluation.calibration import fit_temperature
from gimefive_jax.scaling import KINDS, NUM_KNOTS, PLAIN_SCALING, Kind, Scaling, log_softmax

ORDER_KEPT: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "vector")
"""Those among which is chosen by default: no face's categories change their order."""
NUM_FOLDS = 10
# Five digits: no validation split tells more, and the rest would differ between machines.
_DIGITS = 5
Bounds = tuple[float | None, float | None]
_ANY: Bounds = (None, None)
_FACTOR, _EXPONENT, _NOT_NEGATIVE = (1e-3, 1e3), (0.2, 5.0), (0.0, 1e3)


@dataclasses.dataclass(frozen=True)
class Candidate:
    """A kind of scaling, as cross-validation measured it."""

    kind: Kind
    num_parameters: int
    loss: float
    """Mean cross-entropy in nats of faces that it was not fitted on."""


@dataclasses.dataclass(frozen=True)
class ScalingChoice:
    """The scaling with the least loss in cross-validation, fitted on all the faces."""

    scaling: Scaling
    candidates: tuple[Candidate, ...]
    """All that were tried, in the order of `KINDS`."""
    uncalibrated_loss: float
    """Mean cross-entropy in nats of the softmax of the logits."""
    num_folds: int


def choose_scaling(
    logits: Float[np.ndarray, "face emotion"],
    labels: Int[np.ndarray, " face"],
    *,
    kinds: Sequence[Kind] = ORDER_KEPT,
    pictures: Int[np.ndarray, " face"] | None = None,
    seed: int = 0,
) -> ScalingChoice:
    """Chooses how to calibrate by the loss on faces that the fit has not seen.

    Args:
      logits: As the network gave them, of faces that are never measured, `[face, emotion]`.
      labels: True categories, `[face]`.
      kinds: What is tried.
      pictures: A number per face, equal for copies of one picture, which lie in one fold.
      seed: Of the folds, which hold as many faces of each category as can be.

    Returns:
      The scaling, and what each kind came to.

    Example:
      >>> import numpy as np
      >>> logits = np.random.default_rng(0).normal(size=(200, 3))
      >>> found = choose_scaling(logits, logits.argmax(1), kinds=("temperature", "power"))
      >>> [one.kind for one in found.candidates], found.num_folds
      (['temperature', 'power'], 10)
    """
    fold = _folds(labels, pictures, seed)
    fitted: dict[Kind, Scaling] = {}
    candidates = []
    for kind in kinds:
        fitted[kind] = fit_scaling(kind, logits, labels)
        losses = np.empty(len(labels))
        for number in np.unique(fold):
            held = fold == number
            # A single picture is all there is to fit on.
            seen = held if held.all() else ~held
            scaling = fit_scaling(kind, logits[seen], labels[seen], start=fitted[kind])
            losses[held] = _losses(scaling, logits[held], labels[held])
        size = len(fitted[kind].parameters)
        candidates.append(Candidate(kind, size, float(losses.mean())))
    best = min(candidates, key=lambda one: (one.loss, one.num_parameters))
    return ScalingChoice(
        scaling=fitted[best.kind],
        candidates=tuple(candidates),
        uncalibrated_loss=float(_losses(PLAIN_SCALING, logits, labels).mean()),
        num_folds=int(fold.max()) + 1,
    )


def fit_scaling(
    kind: Kind,
    logits: Float[np.ndarray, "face emotion"],
    labels: Int[np.ndarray, " face"],
    *,
    start: Scaling | None = None,
) -> Scaling:
    """Finds the scaling of a kind with the least loss on some faces, which must be no test faces.

    Args:
      kind: Which parameters are fitted.
      logits: As the network gave them, `[face, emotion]`.
      labels: True categories, `[face]`.
      start: A scaling of this kind that is near, which saves time; by default the softmax.

    Returns:
      The scaling, its parameters rounded to five digits.
    """
    if kind == "temperature":
        return Scaling(kind, (fit_temperature(logits, labels),))
    # Imported here: it takes longer than to predict a face.
    from scipy import optimize

    plain = _start(kind, logits)
    found = optimize.minimize(
        lambda free: _losses(plain.scaling(free), logits, labels).mean(),
        plain.values if start is None else start.parameters[len(plain.fixed) :],
        bounds=plain.bounds,
        method="L-BFGS-B",
    )
    return Scaling(kind, tuple(_rounded(value) for value in plain.all(found.x)))


@dataclasses.dataclass(frozen=True)
class _Start:
    """Where a fit begins: at the softmax of the logits."""

    kind: Kind
    values: tuple[float, ...]
    bounds: tuple[Bounds, ...]
    fixed: tuple[float, ...] = ()
    """Parameters before these, which are no matter of the fit."""

    def all(self, free: Float[np.ndarray, " parameter"]) -> tuple[float, ...]:
        return (*self.fixed, *(float(value) for value in free))

    def scaling(self, free: Float[np.ndarray, " parameter"]) -> Scaling:
        return Scaling(self.kind, self.all(free))


def _start(kind: Kind, logits: Float[np.ndarray, "face emotion"]) -> _Start:
    num_classes = logits.shape[1]
    starts: Mapping[str, Callable[[], _Start]] = {
        "power": lambda: _Start(kind, (1.0, 1.0), (_FACTOR, _EXPONENT)),
        "cubic": lambda: _Start(kind, (1.0, 0.0, 0.0), (_NOT_NEGATIVE,) * 3),
        "margin": lambda: _Start(kind, (0.0, 0.0, 0.0), (_ANY,) * 3),
        "beta": lambda: _Start(kind, (1.0, 1.0, 0.0), (_NOT_NEGATIVE, _NOT_NEGATIVE, _ANY)),
        "spline": lambda: _Start(kind, (0.0,) * NUM_KNOTS, (_ANY,) * NUM_KNOTS, _knots(logits)),
        "vector": lambda: _Start(
            kind, (1.0,) + (0.0,) * num_classes, (_FACTOR, *(_ANY,) * num_classes)
        ),
    }
    return starts[kind]()


def _knots(logits: Float[np.ndarray, "face emotion"]) -> tuple[float, ...]:
    """Log-odds of confidence, evenly many faces between them."""
    confidence = np.exp(log_softmax(logits).max(1)).clip(1e-6, 1 - 1e-6)
    odds = np.log(confidence) - np.log1p(-confidence)
    knots = np.quantile(odds, np.linspace(0.05, 0.95, NUM_KNOTS))
    # Apart, also where all faces are of one confidence.
    apart = knots + 1e-3 * np.arange(NUM_KNOTS)
    return tuple(_rounded(knot) for knot in apart)


def _folds(
    labels: Int[np.ndarray, " face"], pictures: Int[np.ndarray, " face"] | None, seed: int
) -> Int[np.ndarray, " face"]:
    """Numbers the fold of each face; copies of a picture, and categories evenly, over the folds."""
    numbers = np.arange(len(labels)) if pictures is None else pictures
    _, first, picture = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(first))
    by_label = order[np.argsort(labels[first][order], kind="stable")]
    fold = np.empty(len(first), np.int64)
    fold[by_label] = np.arange(len(first)) % min(NUM_FOLDS, len(first))
    return fold[picture]


def _losses(
    scaling: Scaling, logits: Float[np.ndarray, "face emotion"], labels: Int[np.ndarray, " face"]
) -> Float[np.ndarray, " face"]:
    logs = np.asarray(scaling.log_probabilities(np.asarray(logits, np.float64)))
    return -logs[np.arange(len(labels)), labels]


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
