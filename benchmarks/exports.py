"""Exported files beside the models that they were made of, on faces of a split.

    python benchmarks/exports.py [MODEL ...] --data-dir DIR [--split test] [--num-faces 64]

A MODEL is a row of `gimefive models`, at full width and with made-up weights, as there are no
trained ones, or shipped weights; by default all of them. Each is exported with its maps to ONNX and
to StableHLO. The faces go through the files in two batches of odd sizes, all but three faces and
three, and the outputs are compared with the model's. Then the same of an ONNX file with float16
weights, whose differences from the model in float32 are what half precision costs. Prints tables in
Markdown.
"""

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

import gimefive_jax
from gimefive_jax.api import Classifier
from gimefive_jax.config import DataConfig, ExperimentConfig, ModelConfig
from gimefive_jax.data import open_split, stratified
from gimefive_jax.errors import InputError
from gimefive_jax.inference import Driver
from gimefive_jax.interop.onnx import OnnxSession
from gimefive_jax.interop.stablehlo import StableHloProgram
from gimefive_jax.models import ARCHITECTURES, make_model
from gimefive_jax.recipes.export import Form, exported_bytes
from gimefive_jax.recipes.export_check import (
    Outputs,
    by_face,
    check_same,
    in_batches,
    moved_by_rounding,
)
from gimefive_jax.recipes.exported_function import ExportedFunction, Precision
from gimefive_jax.scaling import Scaling
from tests.random_variables import seeded_variables

SHIPPED = ("small", "small_local")
OUTPUTS = ("logits", "probabilities", "heat_maps", "heat_map", "b_eff")
# Logits of made-up weights reach hundreds, and their probabilities would be 0 and 1 alone.
_FLAT = Scaling("temperature", (100.0,))
FULL_HEAD = ("model", "map", "file", "MB", *OUTPUTS, "on an edge")
HALF_HEAD = ("model", "MB", *OUTPUTS, "categories that change")


@dataclasses.dataclass(frozen=True)
class Measured:
    """A model and what it gives for the faces."""

    classifier: Classifier
    made: ExportedFunction
    driver: Driver
    faces: np.ndarray
    ours: Outputs

    @classmethod
    def of(cls, name: str, faces: np.ndarray) -> "Measured":
        """Measures a model by name."""
        classifier = gimefive_jax.load(name) if name in SHIPPED else _made_up(name)
        made = ExportedFunction.of(classifier, "")
        driver = Driver(classifier.mesh, classifier.config.evaluation.batch_size)
        ours = driver.run(made.outputs, classifier.variables, faces)
        return cls(classifier, made, driver, faces, ours)

    def of_file(self, to: Form, precision: Precision = "float32") -> tuple[Outputs, str]:
        """Gives what a file gives, and its size."""
        data = exported_bytes(self.classifier, self.made, to=to, batch=None, precision=precision)
        run = StableHloProgram(data) if to == "stablehlo" else OnnxSession(data)
        return in_batches(run, self.faces, None), f"{len(data) / 1e6:.1f}"

    def moved_by_rounding(self, asked: np.ndarray) -> np.ndarray:
        """Tells which of some faces have outputs that rounding moves."""
        return moved_by_rounding(
            asked,
            self.made.outputs,
            self.classifier.variables,
            self.faces,
            driver=self.driver,
            ours=self.ours,
        )


def main() -> None:
    arguments = _parse()
    faces = _faces(arguments)
    full, half = list[list[str]](), list[list[str]]()
    for name in arguments.models:
        model = Measured.of(name, faces)
        full += [_full_row(name, model, to) for to in ("onnx", "stablehlo")]
        half.append(_half_row(name, model))
        print("\n".join(map(_line, (*full[-2:], half[-1]))), flush=True)
    print(f"\n{len(faces)} faces of {arguments.data}/{arguments.split}\n\n## float32\n")
    print(_table(FULL_HEAD, full))
    print("\n## float16 weights, ONNX\n\nLargest difference, and the median over the faces.\n")
    print(_table(HALF_HEAD, half))


def _full_row(name: str, model: Measured, to: Form) -> list[str]:
    key = f"{model.made.method}@{model.made.layer}"
    theirs, size = model.of_file(to)
    try:
        found = check_same(theirs, model.ours, model.moved_by_rounding)
    except InputError as error:
        return [name, key, to, size, str(error)]
    numbers = [_number(found.differences, output) for output in OUTPUTS]
    return [name, key, to, size, *numbers, str(found.num_on_edge)]


def _half_row(name: str, model: Measured) -> list[str]:
    theirs, size = model.of_file("onnx", "float16")
    found = by_face(theirs, model.ours)
    largest = {output: float(values.max()) for output, values in found.items()}
    middle = {output: float(np.median(values)) for output, values in found.items()}
    numbers = [f"{_number(largest, one)} ({_number(middle, one)})" for one in OUTPUTS]
    changed = int((theirs["predicted"] != model.ours["predicted"]).sum())
    return [name, size, *numbers, str(changed)]


def _number(differences: Mapping[str, float], output: str) -> str:
    return f"{differences[output]:.1e}" if output in differences else "none"


def _made_up(name: str) -> Classifier:
    config = ExperimentConfig(model=ModelConfig(name=name))
    variables = seeded_variables(make_model(config.model), size=config.data.image_size)
    return Classifier(name, config, variables, None, scaling=_FLAT)


def _faces(arguments: argparse.Namespace) -> np.ndarray:
    data = DataConfig(name=arguments.data, directory=str(arguments.data_dir))
    split = open_split(data, arguments.split)
    rows = stratified(np.asarray(split.labels), arguments.num_faces)
    faces = np.asarray(split.images[rows])
    return np.broadcast_to(faces, (*faces.shape[:3], 3)).copy()


def _table(head: tuple[str, ...], rows: list[list[str]]) -> str:
    return "\n".join([_line(head), _line(["---"] * len(head)), *map(_line, rows)])


def _line(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("models", nargs="*", default=[*ARCHITECTURES, *SHIPPED], metavar="MODEL")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--data", default="fer2013")
    parser.add_argument("--split", default="test")
    parser.add_argument("--num-faces", type=int, default=64)
    return parser.parse_args()


if __name__ == "__main__":
    main()
