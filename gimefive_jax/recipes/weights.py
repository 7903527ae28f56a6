"""Weights from any place to any other: run folders, safetensors and torch files."""

from pathlib import Path

from gimefive_jax import interop
from gimefive_jax.errors import InputError
from gimefive_jax.interop import Precision, Weights, is_weight_file
from gimefive_jax.training.restoring import restore_run, write_run


def read_any(
    model: str | Path, *, name: str | None = None, image_size: int | None = None
) -> Weights:
    """Weights of a run folder (its best checkpoint), a checkpoint folder or a file.

    `name` and `image_size` are for torch state dicts, which do not say them; InputError elsewhere.
    """
    if is_weight_file(model):
        return interop.read_weights(Path(model), name=name, image_size=image_size)
    run = restore_run(model)
    if name is not None and name != run.weights.config.model.name:
        raise InputError(f"{model} is a {run.weights.config.model.name}, not a {name}")
    return run.weights


def write_any(target: Path, weights: Weights, *, precision: Precision = "float32") -> None:
    """Write `target`, a file by its suffix, else a run folder; what exists is not replaced."""
    if target.exists() or target.is_symlink():
        raise InputError(f"{target} exists already; name another file or remove it")
    if is_weight_file(target):
        interop.write_weights(target, weights, precision=precision)
        return
    if target.suffix and not target.suffix[1:].isdecimal():
        known = ", ".join(interop.WEIGHT_SUFFIXES)
        raise InputError(
            f"{target}: '{target.suffix}' is no kind of weights; a file ends in {known}, "
            "and a run folder has no suffix"
        )
    if precision != "float32":
        raise InputError(f"{target}: only .safetensors files are written in {precision}")
    write_run(target, weights)
