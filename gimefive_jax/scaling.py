"""Calibrated probabilities of logits: few-parameter functions, in numpy and in jax alike."""

import dataclasses
import math
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Literal, get_args

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

AnyFloats = Array | np.ndarray
Kind = Literal["temperature", "power", "cubic", "margin", "beta", "spline", "vector"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NUM_KNOTS = 4
"""Of a spline, whose parameters are its knots and then as many coefficients."""
# Beyond these a face's temperature would follow from extrapolation alone.
_MOST_STRETCH = 3.0


@dataclasses.dataclass(frozen=True)
class Scaling:
    """How logits become calibrated probabilities; hashable, so programs may depend on it.

    With `l` the logarithms of the softmax, from which the result is a softmax again:

    - `temperature` (t): l / t.
    - `power` (a, g): -a (-l)^g, for every category alike.
    - `cubic` (a, b, c), none negative: -(a (-l) + b (-l)^2 + c (-l)^3), for every category alike.
    - `margin` (a, b, c): l times e^(a + b m + c m^2) with m the lead of the first category's l.
    - `beta` (a, b, c): new log-odds a ln p - b ln(1 - p) + c of the confidence p; the other
      categories share the rest as before.
    - `spline` (knots, coefficients): the log-odds of the confidence plus a natural cubic spline of
      them; the other categories share the rest as before.
    - `vector` (t, biases by category): logits / t + bias.

    All but `vector` keep the order of a face's categories.

    References:
      Guo et al., 2017, https://arxiv.org/abs/1706.04599 (temperature, vector)
      Rahimi et al., 2020, https://arxiv.org/abs/2003.06820 (functions that keep the order)
      Tomani et al., 2022, https://arxiv.org/abs/2102.12182 (temperatures that vary by face)
      Kull et al., 2017, https://proceedings.mlr.press/v54/kull17a.html (beta)
      Gupta et al., 2021, https://arxiv.org/abs/2006.12800 (spline)

    Example:
      >>> import numpy as np
      >>> logits = np.log(np.array([[0.8, 0.2]]))
      >>> np.exp(Scaling("temperature", (0.5,)).log_probabilities(logits)).round(3).tolist()
      [[0.941, 0.059]]
    """

    kind: Kind = "temperature"
    parameters: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        """Refuse what no fit gives, such as the parameters of a damaged file."""
        if self.kind not in KINDS:
            raise ValueError(f"calibration {self.kind!r} is none of {', '.join(KINDS)}")
        wanted = _NUM_PARAMETERS[self.kind]
        if len(self.parameters) != wanted and (self.kind != "vector" or len(self.parameters) < 2):
            raise ValueError(
                f"calibration {self.kind} has {len(self.parameters)} parameters, and must have "
                f"{wanted or 'a temperature and a bias for each category'}"
            )
        if not all(map(math.isfinite, self.parameters)):
            raise ValueError(f"calibration {self.kind} has a parameter that is no finite number")
        if self.kind in ("temperature", "vector", "power") and min(self._positive) <= 0:
            raise ValueError(f"calibration {self.kind} has {self.parameters}; must be positive")

    @property
    def _positive(self) -> tuple[float, ...]:
        return self.parameters[:1] if self.kind == "vector" else self.parameters

    @property
    def is_plain(self) -> bool:
        """Whether the probabilities are the softmax of the logits."""
        return self == PLAIN_SCALING

    @property
    def keeps_order(self) -> bool:
        """Whether the categories of a face keep their order, whatever its logits are."""
        return self.kind != "vector"

    def log_probabilities(
        self, logits: Float[AnyFloats, "face emotion"]
    ) -> Float[AnyFloats, "face emotion"]:
        """Computes logarithms of calibrated probabilities.

        Args:
          logits: As the network gave them, `[face, emotion]`.

        Returns:
          Natural logarithms, `[face, emotion]`: in float64 for numpy, else in the logits' type.
        """
        xp = _namespace(logits)
        if self.kind == "temperature":
            return log_softmax(logits / self.parameters[0])
        scaled = _FUNCTIONS[self.kind](log_softmax(logits), self.parameters, xp)
        return log_softmax(scaled)

    def describe(self) -> str:
        """Says kind and parameters in a few words."""
        return f"{self.kind} ({', '.join(f'{value:.4g}' for value in self.parameters)})"


def at_temperature(value: float) -> Scaling:
    """Gives the scaling that divides logits by a number.

    Args:
      value: The temperature, positive; 1 is the plain softmax.

    Returns:
      The scaling.
    """
    return Scaling("temperature", (value,))


def log_softmax(logits: Float[AnyFloats, "face emotion"]) -> Float[AnyFloats, "face emotion"]:
    """Computes logarithms of the softmax.

    Args:
      logits: Of any floating type, `[face, emotion]`.

    Returns:
      Natural logarithms of the probabilities, `[face, emotion]`: in float64 for numpy, else in
      the logits' type.
    """
    if isinstance(logits, jax.Array):
        return jax.nn.log_softmax(logits)
    wide = np.asarray(logits).astype(np.float64)
    shifted = wide - wide.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


_Function = Callable[[AnyFloats, tuple[float, ...], ModuleType], AnyFloats]


def _namespace(x: AnyFloats) -> ModuleType:
    return jnp if isinstance(x, jax.Array) else np


def _power(logs: AnyFloats, parameters: tuple[float, ...], xp: ModuleType) -> AnyFloats:
    factor, exponent = parameters
    return -factor * xp.maximum(-logs, 0) ** exponent


def _cubic(logs: AnyFloats, parameters: tuple[float, ...], xp: ModuleType) -> AnyFloats:
    a, b, c = parameters
    return logs * (a - logs * (b - logs * c))


def _margin(logs: AnyFloats, parameters: tuple[float, ...], xp: ModuleType) -> AnyFloats:
    a, b, c = parameters
    ordered = xp.sort(logs, axis=-1)
    lead = (ordered[..., -1] - ordered[..., -2])[..., None]
    stretch = a + lead * (b + lead * c)
    return logs * xp.exp(xp.clip(stretch, -_MOST_STRETCH, _MOST_STRETCH))


def _beta(logs: AnyFloats, parameters: tuple[float, ...], xp: ModuleType) -> AnyFloats:
    a, b, c = parameters
    first, rest = _first_and_rest(logs, xp)
    return _with_log_odds(logs, a * first - b * rest + c, xp)


def _spline(logs: AnyFloats, parameters: tuple[float, ...], xp: ModuleType) -> AnyFloats:
    knots, coefficients = parameters[:NUM_KNOTS], parameters[NUM_KNOTS:]
    first, rest = _first_and_rest(logs, xp)
    odds = first - rest
    # The natural cubic basis: linear beyond the outer knots.
    cubes = [xp.maximum(odds - knot, 0) ** 3 for knot in knots]
    bends = [
        (cube - cubes[-1]) / (knots[-1] - knot)
        for cube, knot in zip(cubes[:-1], knots[:-1], strict=True)
    ]
    basis = (1.0, odds, *(bend - bends[-1] for bend in bends[:-1]))
    added = sum(a * b for a, b in zip(coefficients, basis, strict=True))
    return _with_log_odds(logs, odds + added, xp)


def _vector(logs: AnyFloats, parameters: tuple[float, ...], xp: ModuleType) -> AnyFloats:
    return logs / parameters[0] + xp.asarray(parameters[1:], logs.dtype)


def _first_and_rest(logs: AnyFloats, xp: ModuleType) -> tuple[AnyFloats, AnyFloats]:
    """Logarithms of the confidence p and of 1 - p, the second one without cancellation."""
    others = xp.sort(logs, axis=-1)[..., :-1]
    top = others[..., -1]
    rest = top + xp.log(xp.exp(others - top[..., None]).sum(-1))
    return logs.max(-1), rest


def _with_log_odds(logs: AnyFloats, odds: AnyFloats, xp: ModuleType) -> AnyFloats:
    """Sets the log-odds of the first category; the others share the rest as before."""
    _, rest = _first_and_rest(logs, xp)
    second = xp.sort(logs, axis=-1)[..., -2]
    # No lower than the second category would come to: the order stays.
    odds = xp.maximum(odds, second - rest)[..., None]
    is_first = xp.arange(logs.shape[-1]) == logs.argmax(-1)[..., None]
    return xp.where(is_first, odds, logs - rest[..., None])


_FUNCTIONS: Mapping[str, _Function] = {
    "power": _power,
    "cubic": _cubic,
    "margin": _margin,
    "beta": _beta,
    "spline": _spline,
    "vector": _vector,
}
_NUM_PARAMETERS: Mapping[str, int] = {
    "temperature": 1,
    "power": 2,
    "cubic": 3,
    "margin": 3,
    "beta": 3,
    "spline": 2 * NUM_KNOTS,
    "vector": 0,
}
PLAIN_SCALING = Scaling()
"""The softmax of the logits."""
