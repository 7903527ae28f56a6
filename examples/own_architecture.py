"""Trains a Linen module of your own, explains it, saves it in one file and loads it again.

    gimefive data prepare drawn_faces --data-dir prepared
    python own_architecture.py prepared run

The first half of `main` is what this command does, from the folder of this file:

    gimefive train --config drawn_faces_quickstart --config.model.name=own_architecture:PatchNet \
        --data-dir prepared --workdir run
"""

import sys
from pathlib import Path

import flax.linen as nn
import jax

import gimefive_jax
from gimefive_jax.config import ExperimentConfig, replace
from gimefive_jax.recipes.weights import read_any, write_any
from gimefive_jax.training.loop import train


class PatchNet(nn.Module):
    """Patches of 8 x 8 pixels, two convolutions between them, and their mean."""

    num_classes: int
    # Fields that a config has too are given the config's values.
    width: float = 1.0
    dropout_rate: float = 0.1
    head_dropout_rate: float = 0.1

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool) -> jax.Array:
        """Logits `[batch, num_classes]` of normalised images `[batch, height, width, 3]`."""
        features = max(1, round(64 * self.width))
        x = nn.Conv(features, (8, 8), strides=(8, 8), use_bias=False, name="patches")(x)
        for number in (1, 2):
            x = nn.LayerNorm(name=f"norm{number}")(x)
            x = nn.gelu(nn.Conv(features, (3, 3), name=f"conv{number}")(x))
            x = nn.Dropout(self.dropout_rate, deterministic=not train, name=f"dropout{number}")(x)
        x = nn.Dropout(self.head_dropout_rate, deterministic=not train, name="dropout")(
            x.mean((1, 2))
        )
        return nn.Dense(self.num_classes, name="logits")(x)


def main(data_dir: str, folder: str) -> None:
    """Train into `folder`, then explain, save and load what was trained."""
    config = replace(
        ExperimentConfig(),
        {
            "model.name": "own_architecture:PatchNet",
            "model.width": 0.25,
            "data.name": "drawn_faces",
            "data.directory": data_dir,
            "data.image_size": 32,
            "training.num_epochs": 2,
        },
    )
    result = train(config, Path(folder), progress=False)
    print(f"{result.ending}; best validation accuracy {result.best_accuracy:.1%}")

    trained = gimefive_jax.load(folder)
    split = trained.open_split("test")
    [(key, explanation)] = trained.explain(list(split.images[:4])).items()
    print(f"{key[0]} at {key[1]}: maps of {explanation.heat_map.shape}")

    file = Path(folder) / "model.safetensors"
    write_any(file, read_any(folder))
    # This file's module is imported here already; elsewhere the user says that it is trusted.
    loaded = gimefive_jax.load(file)
    faces = list(split.images[:4])
    same = loaded.predict(faces).logits == trained.predict(faces).logits
    print(f"{file.name} predicts the same: {bool(same.all())}")


if __name__ == "__main__":
    main(*sys.argv[1:])
