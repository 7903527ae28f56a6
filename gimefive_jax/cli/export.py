"""`gimefive export`."""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from gimefive_jax.cli.extras import check_extra
from gimefive_jax.cli.parsing import parse
from gimefive_jax.cli.telling import tell_notice
from gimefive_jax.errors import InputError

if TYPE_CHECKING:
    from gimefive_jax.api import Classifier
    from gimefive_jax.recipes.export import ExportedFile


@dataclasses.dataclass(frozen=True)
class Arguments:
    """Write a model as one file, or a web page, that predicts and explains without this package.

    The file takes uint8 faces [batch, side, side, 3], RGB or grey three times, and preprocesses
    them itself. It gives logits, probabilities (calibrated), predicted, and where it explains
    heat_map (raw, of the predicted category), heat_maps (of each) and b_eff (what biases add to
    each logit). It is written only if 64 faces come out of it as they come out of the model.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")]
    """Run folder (its best checkpoint), a checkpoint folder in it, a .safetensors, .pth or .pt
    file, or a shipped name: small."""
    to: Literal["onnx", "stablehlo", "web"]
    """Form of the file: onnx is read by onnxruntime and many others, and needs
    gimefive-jax[export]; stablehlo is one artifact of jax.export for cpu, cuda and tpu; web is a
    folder with a page that finds and explains faces in the browser, by the onnx file in it."""
    out: Path | None = None
    """The file, or the folder for web; by default MODEL.onnx or MODEL-web here. One that is there
    is replaced."""
    explain: str = ""
    """METHOD@LAYER of the maps in the file, such as hirescam@block5/activation, a method at the
    last activation, or none; by default the map that is drawn everywhere."""
    batch: str = "any"
    """How many faces the file takes at a time: a number, or any."""
    precision: Literal["float32", "float16"] = "float32"
    """Of the weights in the file: float16 halves its size. It computes in float32."""
    runtime: Path | None = None
    """For web: the npm package onnxruntime-web that is already here, as a .tgz file or a folder;
    by default npm fetches it."""


def run(words: Sequence[str]) -> int:
    """Runs the verb; see `Arguments`."""
    arguments = parse(Arguments, words, verb="export")
    batch = _batch(arguments.batch)
    if arguments.to != "stablehlo":
        check_extra("export", "writing ONNX", ("onnx", "onnxruntime"))
    _check_web(arguments, batch)
    from gimefive_jax.api import load

    classifier = load(arguments.model)
    tell_notice(arguments.model, classifier)
    name = Path(classifier.name).name
    if arguments.to == "web":
        return _write_page(arguments, classifier, arguments.out or Path(f"{name}-web"))
    from gimefive_jax.recipes.export import export_model

    done = export_model(
        classifier,
        arguments.out or Path(f"{name}.{arguments.to}"),
        to=arguments.to,
        explain=arguments.explain,
        batch=batch,
        precision=arguments.precision,
    )
    print(f"written: {done.path}, {done.num_bytes / 1e6:.1f} MB")
    _tell_differences(done)
    return 0


def _check_web(arguments: Arguments, batch: int | None) -> None:
    if arguments.to == "web" and batch is not None:
        raise InputError("--to web takes any number of faces; leave --batch out")
    if arguments.to != "web" and arguments.runtime is not None:
        raise InputError(f"--runtime is for --to web, not for --to {arguments.to}; leave it out")


def _write_page(arguments: Arguments, classifier: "Classifier", out: Path) -> int:
    from gimefive_jax.recipes.web_folder import export_web

    done = export_web(
        classifier,
        out,
        explain=arguments.explain,
        precision=arguments.precision,
        runtime=arguments.runtime,
    )
    print(f"written: {done.path}, {done.num_files} files, {done.num_bytes / 1e6:.1f} MB")
    _tell_differences(done.model)
    words = f"python -m http.server --bind 127.0.0.1 --directory {shlex.quote(str(done.path))}"
    print(f"open it: {words}, then http://127.0.0.1:8000")
    return 0


def _tell_differences(done: "ExportedFile") -> None:
    differences, on_edge = done.agreement.differences, done.agreement.num_on_edge
    print(f"largest differences from the model on 64 drawn faces: {_listed(differences)}")
    if on_edge:
        print(
            f"left out of these for maps and b_eff: {on_edge} of the 64, which lie on an edge of a "
            "max-pool or ReLU; rounding alone moves their maps, in the model too"
        )
    if done.rounding:
        print(f"what float16 weights change: {_listed(done.rounding)}")


def _batch(word: str) -> int | None:
    if word == "any":
        return None
    if not word.isdecimal() or int(word) < 1:
        raise InputError(f"--batch {word} must be a number from 1 on, or any")
    return int(word)


def _listed(differences: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.1e}" for name, value in sorted(differences.items()))
