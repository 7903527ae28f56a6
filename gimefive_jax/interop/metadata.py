"""Metadata of a `.safetensors` file of ours: how its weights are used."""

import json
from collections.abc import Mapping
from pathlib import Path

from gimefive_jax import config as configs
from gimefive_jax import preprocess
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.errors import InputError
from gimefive_jax.json_records import JsonObject, from_json, to_json
from gimefive_jax.scaling import PLAIN_SCALING, Scaling, at_temperature

_CALIBRATION = "calibration"
_TEMPERATURE = "temperature"


def describe_config(config: ExperimentConfig) -> dict[str, str]:
    """Writes the config, the categories and the preprocessing of weights as metadata.

    Args:
        config: Of the weights; the folder of its data is left out.

    Returns:
        JSON by name.
    """
    return {
        "config": json.dumps(_portable(config)),
        "emotions": json.dumps(config.model.category_names),
        "preprocessing": json.dumps(_preprocessing(config)),
    }


def read_config(path: Path, metadata: Mapping[str, str]) -> ExperimentConfig:
    """Reads what `describe_config` wrote.

    Args:
        path: The file, which begins the messages.
        metadata: Its metadata.

    Returns:
        The config of the weights.

    Raises:
        InputError: Part of it is missing, damaged, or contradicts this version's preprocessing.
    """
    try:
        values = {key: json.loads(metadata[key]) for key in ("config", "emotions", "preprocessing")}
        config = configs.from_saved(values["config"])
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{path} has unreadable metadata ({error}); convert it again") from error
    emotions = list(config.model.category_names)
    if values["emotions"] != emotions:
        raise InputError(
            f"{path} has the categories {values['emotions']}, and must have {emotions}"
        )
    if not isinstance(values["preprocessing"], dict):
        raise InputError(f"{path} has unreadable metadata (preprocessing); convert it again")
    ours = json.loads(json.dumps(_preprocessing(config)))
    for key, value in ours.items():
        if values["preprocessing"].get(key) != value:
            raise InputError(
                f"{path} was made for faces with {key} {values['preprocessing'].get(key)!r}, "
                f"this version feeds {value!r}"
            )
    return config


def describe_scaling(scaling: Scaling) -> dict[str, str]:
    """Writes how probabilities are calibrated as metadata; nothing where they are not.

    Args:
        scaling: Of the weights.

    Returns:
        JSON by name.
    """
    return {} if scaling.is_plain else {_CALIBRATION: json.dumps(to_json(scaling))}


def read_scaling(path: Path, metadata: Mapping[str, str]) -> Scaling:
    """Reads how probabilities are calibrated.

    Args:
        path: The file, which begins the message.
        metadata: Its metadata; files of earlier versions name a temperature.

    Returns:
        The scaling; that of the plain softmax where the file names none.

    Raises:
        InputError: It is damaged.
    """
    try:
        if _TEMPERATURE in metadata:
            return at_temperature(float(metadata[_TEMPERATURE]))
        if _CALIBRATION in metadata:
            return from_json(Scaling, json.loads(metadata[_CALIBRATION]))
    except ValueError as error:
        raise InputError(
            f"{path} has an unreadable calibration ({error}); convert it again"
        ) from error
    return PLAIN_SCALING


def _portable(config: ExperimentConfig) -> JsonObject:
    # Where the data lay on one machine is nobody else's business.
    values = {"data.directory": "", "model.emotions": config.model.category_names}
    return configs.to_dict(configs.replace(config, values))


def _preprocessing(config: ExperimentConfig) -> JsonObject:
    return {
        "image_size": config.data.image_size,
        "fit": config.data.fit,
        "channels": config.model.input_channels,
        "resize": "bilinear, antialiased (PIL)",
        "grey": "(19595 R + 38470 G + 7471 B + 32768) >> 16 (PIL mode L)",
        "mean": list(preprocess.MEAN),
        "std": list(preprocess.STD),
    }
