"""`gimefive export`."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from gimefive_jax.cli.extras import check_extra
from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.telling import tell_notice
from gimefive_jax.errors import InputError


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Write a model as one file that predicts and explains without this package.

    The file takes uint8 faces [batch, side, side, 3], RGB or grey three times, and preprocesses
    them itself. It gives logits, probabilities (calibrated), predicted, and where it explains
    heat_map (raw, of the predicted category), heat_maps (of each) and b_eff (what biases add to
    each logit). It is written only if 64 faces come out of it as they come out of the model.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small."""
    to: Literal["onnx", "stablehlo"]
    """Form of the file: onnx is read by onnxruntime and many others, and needs
    gimefive-jax[export]; stablehlo is one artifact of jax.export for cpu, cuda and tpu."""
    out: Path | None = None
    """The file; by default MODEL.onnx here. One that is there is replaced."""
    explain: str = ""
    """METHOD@LAYER of the maps in the file, such as hirescam@block5/activation, a method at the
    last activation, or none; by default the map that is drawn everywhere."""
    batch: str = "any"
    """How many faces the file takes at a time: a number, or any."""
    precision: Literal["float32", "float16"] = "float32"
    """Of the weights in the file: float16 halves its size. It computes in float32."""


def run(words: Sequence[str]) -> int:
    """Runs the verb; see `Arguments`."""
    arguments = parse(Arguments, words, verb="export")
    batch = _batch(arguments.batch)
    if arguments.to == "onnx":
        check_extra("export", "writing ONNX", ("onnx", "onnxruntime"))
    from gimefive_jax.api import load
    from gimefive_jax.recipes.export import export_model

    classifier = load(arguments.model)
    tell_notice(arguments.model, classifier)
    out = arguments.out or Path(f"{Path(classifier.name).name}.{arguments.to}")
    done = export_model(
        classifier,
        out,
        to=arguments.to,
        explain=arguments.explain,
        batch=batch,
        precision=arguments.precision,
    )
    print(f"written: {done.path}, {done.num_bytes / 1e6:.1f} MB")
    differences, on_edge = done.agreement.differences, done.agreement.num_on_edge
    print(f"largest differences from the model on 64 drawn faces: {_listed(differences)}")
    if on_edge:
        print(
            f"left out of these for maps and b_eff: {on_edge} of the 64, which lie on an edge of a "
            "max-pool or ReLU; rounding alone moves their maps, in the model too"
        )
    if done.rounding:
        print(f"what float16 weights change: {_listed(done.rounding)}")
    return 0


def _batch(word: str) -> int | None:
    if word == "any":
        return None
    if not word.isdecimal() or int(word) < 1:
        raise InputError(f"--batch {word} must be a number from 1 on, or any")
    return int(word)


def _listed(differences: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1e}" for name, value in sorted(differences.items()))
