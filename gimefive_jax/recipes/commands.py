"""The command that would train a config again."""

import shlex
from collections.abc import Mapping

from gimefive_jax import config as configs
from gimefive_jax.config import ExperimentConfig

# What does not change the weights, or is one machine's business.
_LEFT_OUT = (
    "data.directory",
    "data.placement",
    "training.max_minutes",
    "training.save_every_minutes",
    "evaluation.batch_size",
    "explanation.",
)


def training_command(config: ExperimentConfig, *, workdir: str) -> str:
    """`gimefive train` with the shipped config that is nearest, and each field that differs."""
    wanted = _flat(configs.to_dict(config))
    differing = {
        name: {
            field: value
            for field, value in wanted.items()
            if _flat(configs.to_dict(configs.load_config(name)))[field] != value
            and not field.startswith(_LEFT_OUT)
        }
        for name in configs.config_names()
    }
    name, fields = min(differing.items(), key=lambda item: len(item[1]))
    changed = [f" --config.{field}={shlex.quote(str(value))}" for field, value in fields.items()]
    return f"gimefive train --config {name} --workdir {workdir}{''.join(changed)}"


def _flat(tree: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    flat: dict[str, object] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = value
    return flat
