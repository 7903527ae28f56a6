"""How numbers of an evaluation are written on its pages."""

from collections.abc import Callable, Mapping

from gimefive_jax.evaluation.measurements import Measure, Measurements

_NO_SHARES = ("nll", "brier", "auc", "aurc")


def _percent(share: float | None, digits: int = 1) -> str:
    # A narrow space that does not break, as typesetters put it.
    return "–" if share is None else f"{100 * share:.{digits}f}\u202f%"


def _interval(ends: tuple[float, float] | None, digits: int = 1) -> str:
    return (
        "" if ends is None else f"{100 * ends[0]:.{digits}f} to {100 * ends[1]:.{digits}f}\u202f%"
    )


def _value(measure: Measure | None, name: str) -> str:
    """A number in the unit of its kind."""
    if measure is None or measure.value is None:
        return "–"
    return f"{measure.value:.3f}" if name in _NO_SHARES else _percent(measure.value)


def _ends(measure: Measure | None, name: str) -> str:
    if measure is None or measure.interval_95 is None:
        return ""
    low, high = measure.interval_95
    return f"{low:.3f} to {high:.3f}" if name in _NO_SHARES else _interval((low, high))


def _measure(found: Measurements, name: str) -> Measure | None:
    """Of the predictions, or of the probabilities that users see."""
    return found.measures.get(name) or found.shown.measures.get(name)


FILTERS: Mapping[str, Callable[..., object]] = {
    "percent": _percent,
    "interval": _interval,
    "value": _value,
    "ends": _ends,
    "measure": _measure,
}
"""By the name that templates call them by."""
