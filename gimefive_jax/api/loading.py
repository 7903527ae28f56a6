"""A trained model from whatever names it."""

import warnings
from pathlib import Path

from gimefive_jax.api.classifier import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.interop import find_weight_file, is_weight_file, read_weights


def load(model: str | Path, *, averaged: bool = True) -> Classifier:
    """Loads a trained model.

    Args:
      model: A run folder, which stands for its best checkpoint, a checkpoint folder in it, a
        `.safetensors` file, torch's `.pth` or `.pt`, or the name of weights shipped with the
        package: `small`.
      averaged: Whether the averaged parameters are loaded where a run keeps averages; else those
        that the last step left.

    Returns:
      The model; its variables go to the devices once, with the first call that needs them.

    Raises:
      InputError: There is no such model, or it is damaged.

    Example:
      >>> import gimefive_jax
      >>> gimefive_jax.load("small").emotions
      ('happiness', 'surprise', 'sadness', 'anger', 'disgust', 'fear')
    """
    if path := find_weight_file(model):
        if not averaged:
            raise InputError(
                f"{model} holds one set of parameters; name a run folder that averages"
            )
        weights = read_weights(path)
        for note in weights.notes:
            warnings.warn(note, stacklevel=2)
        # With its suffix: a.pth and a.safetensors need not be the same.
        return Classifier(
            path.name if is_weight_file(model) else str(model),
            weights.config,
            weights.variables,
            run_folder=None,
            scaling=weights.scaling,
            notice=weights.notice,
        )
    # Imported here: Orbax takes a while, and files of weights need none of it.
    from gimefive_jax.runs.restoring import restore_run

    restored = restore_run(model, averaged=averaged)
    run, weights = restored.run, restored.weights
    name = run.name if averaged else f"{run.name}, not averaged"
    return Classifier(
        name, weights.config, weights.variables, run.path, run.step, averaged=averaged
    )
