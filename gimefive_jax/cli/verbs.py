"""The verbs, with a line on each; importing this imports none of them."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Verb:
    """Where a verb lives and what it does; its module has `run(arguments) -> exit status`."""

    module: str
    summary: str


VERBS = {
    "data list": Verb("gimefive_jax.cli.data_list", "list known and prepared data sets"),
    "data prepare": Verb("gimefive_jax.cli.data_prepare", "prepare a data set from its raw files"),
    "data audit": Verb("gimefive_jax.cli.data_audit", "find copies, contradictions and blanks"),
    "data show": Verb("gimefive_jax.cli.data_show", "draw faces as the network sees them"),
    "models": Verb("gimefive_jax.cli.models", "list architectures, their size and layers"),
    "train": Verb("gimefive_jax.cli.train", "train a model, or go on with a run"),
    "sweep": Verb("gimefive_jax.cli.sweep", "train many settings and seeds, into one table"),
    "reproduce": Verb("gimefive_jax.cli.reproduce", "train and measure the paper's table, or ours"),
    "runs list": Verb("gimefive_jax.cli.runs_list", "list runs, their state and accuracies"),
    "runs compare": Verb("gimefive_jax.cli.runs_compare", "compare runs over their seeds"),
    "evaluate": Verb("gimefive_jax.cli.evaluate", "measure a model on a split"),
    "explain": Verb("gimefive_jax.cli.explain", "export explanation maps of a split"),
    "faithfulness": Verb(
        "gimefive_jax.cli.faithfulness", "measure how far the maps of a split can be believed"
    ),
    "predict": Verb("gimefive_jax.cli.predict", "classify image files and folders"),
    "video": Verb("gimefive_jax.cli.video", "annotate the faces of a video, frame by frame"),
    "camera": Verb("gimefive_jax.cli.camera", "explain the faces of a camera or a stream"),
    "live": Verb("gimefive_jax.cli.live", "explain faces live, on a page in the browser"),
    "export": Verb("gimefive_jax.cli.export", "write a model as one file for other software"),
    "weights convert": Verb(
        "gimefive_jax.cli.weights_convert", "convert torch files, safetensors and run folders"
    ),
    "weights check": Verb(
        "gimefive_jax.cli.weights_check", "compare with your own torch module, layer by layer"
    ),
    "weights show": Verb("gimefive_jax.cli.weights_show", "say what weights a file or run holds"),
    "weights ship": Verb(
        "gimefive_jax.cli.weights_ship", "make a file with a model card from a run"
    ),
    "quickstart": Verb("gimefive_jax.cli.quickstart", "everything once, on drawn faces"),
}
