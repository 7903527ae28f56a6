"""`gimefive evaluate`."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, cast

import tyro

from gimefive_jax.cli.options import DataOptions
from gimefive_jax.cli.output import results_folder, table
from gimefive_jax.cli.parsing import parse
from gimefive_jax.files import check_replaceable


@dataclasses.dataclass(frozen=True)
class Arguments(DataOptions):
    """Measure a model on a split: metrics.json, predictions.csv and confusion_matrix.png.

    Every face counts exactly once, whatever the batch size and the number of devices.
    """

    model: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL")] = tyro.MISSING
    """Run folder (its best checkpoint), a checkpoint folder in it, or a .safetensors, .pth or .pt
    file."""
    out: Path | None = None
    """Folder for the results; by default RUN/evaluation/DATA-SPLIT, DATA-SPLIT-step-N for a chosen
    checkpoint, gimefive-out/FILE/evaluation/DATA-SPLIT for a file. Earlier results in it are
    replaced."""


def run(words: Sequence[str]) -> int:
    """Run the verb."""
    arguments = parse(Arguments, words, verb="evaluate")
    from gimefive_jax.api import load
    from gimefive_jax.evaluation.reference import reference_evaluation
    from gimefive_jax.evaluation.results import write_evaluation

    classifier = load(arguments.model)
    split = classifier.open_split(arguments.split, data=arguments.config(classifier.config))
    folder = arguments.out or results_folder(
        classifier.run_folder,
        classifier.name,
        "evaluation",
        step=classifier.step,
        data_name=split.data_name,
        split=split.name,
    )
    check_replaceable(folder, marker="metrics.json")
    logits = classifier.logits(split, progress=True)
    metrics = write_evaluation(
        folder,
        split,
        logits,
        model_name=classifier.name,
        weights_sha256=classifier.weights_sha256,
        reference=reference_evaluation(classifier.config),
    )
    _print_metrics(metrics)
    print(f"\nwritten to {folder}")
    return 0


def _print_metrics(metrics: Mapping[str, object]) -> None:
    if metrics.get("reference"):
        print(
            "as the paper's reference evaluates: faces flipped at random, the loss a mean of batch "
            "means; not comparable with other results"
        )
    low, high = cast(list[float], metrics["accuracy_interval_95"])
    print(
        f"{metrics['data']} {metrics['split']}: {metrics['count']:,} faces\n"
        f"accuracy {metrics['accuracy']:.2%} (95 % interval {low:.2%} to {high:.2%}), "
        f"majority class {metrics['majority_share']:.2%}\n"
        f"balanced accuracy {metrics['balanced_accuracy']:.2%}, "
        f"macro F1 {metrics['macro_f1']:.2%}, loss {metrics['loss']:.4f} nats\n"
    )
    cells = [["category", "precision", "recall", "F1", "faces"]]
    for emotion, row in cast(Mapping[str, Mapping[str, float]], metrics["per_class"]).items():
        shares = [row["precision"], row["recall"], row["f1"]]
        percents = ["-" if share is None else f"{share:.1%}" for share in shares]
        cells.append([emotion, *percents, f"{row['support']:,}"])
    print(table(cells))
