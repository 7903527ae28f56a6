"""The Python API: a trained model as an object with predict, evaluate and explain."""

import dataclasses
import functools
import warnings
from pathlib import Path

import flax.linen as nn
import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import PyTree, UInt8

from gimefive_jax import images, parallel
from gimefive_jax.config import DataConfig, ExperimentConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.errors import InputError
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.evaluation.evaluation import Evaluation, evaluate_logits
from gimefive_jax.evaluation.reference import reference_evaluation
from gimefive_jax.explained.export import check_target, export_split
from gimefive_jax.explained.pictures import PictureChoice
from gimefive_jax.explained.writer import ExportPlan
from gimefive_jax.explanation import ExplainedBatch, explain_fn, explainable_layers
from gimefive_jax.explanation.calls import check_layers
from gimefive_jax.explanation.defaults import default_methods, layer_by_default
from gimefive_jax.explanation.methods import find_methods
from gimefive_jax.images import Images
from gimefive_jax.inference import Driver, FaceFunction, on_pixels, place
from gimefive_jax.interop import find_weight_file, is_weight_file, read_weights
from gimefive_jax.models import blank_face, input_channels, logits_fn, make_model
from gimefive_jax.readout import Readout
from gimefive_jax.structs import Explanation, Predictions


# Compared by identity: two loaded models are never the same thing, and arrays have no hash.
@dataclasses.dataclass(frozen=True, eq=False)
class Classifier:
    """A trained model; see `load`."""

    name: str
    config: ExperimentConfig
    variables: PyTree
    run_folder: Path | None
    """None for a model from a file of weights."""
    step: int | None = None
    """Of a checkpoint that was chosen by name; None for a run's best and for files."""
    temperature: float = 1.0
    """Divides the logits where probabilities are made of them; 1 where none was fitted."""
    notice: str = ""
    """What a user must know of where the weights come from; a line."""

    @functools.cached_property
    def weights_sha256(self) -> str:
        """Over names, types, shapes and bytes of the variables: results say whose they are."""
        from gimefive_jax.runs.checksums import digest

        return digest(jax.device_get(self.variables))

    @property
    def readout(self) -> Readout:
        """How logits of this model become probabilities."""
        source = "of the weights" if self.temperature != 1 else ""
        return Readout(self.config.evaluation.flip, self.temperature, source)

    @property
    def emotions(self) -> tuple[str, ...]:
        """Expression categories in label order."""
        return self.config.model.category_names

    @functools.cached_property
    def layers(self) -> list[str]:
        """Names of the layers that can be explained, in the order of the network."""
        face = blank_face(self.model, image_size=self.config.data.image_size)
        return explainable_layers(logits_fn(self.model), self.variables, face)

    @property
    def default_layer(self) -> str:
        """Layer explained unless another is named."""
        return layer_by_default(self.config, self.layers)

    @functools.cached_property
    def model(self) -> nn.Module:
        """The Flax module."""
        return make_model(self.config.model)

    @functools.cached_property
    def mesh(self) -> Mesh:
        """All local devices."""
        return parallel.make_mesh()

    @functools.cached_property
    def placed_variables(self) -> PyTree:
        """The variables with a whole copy on every device, where they are left for later calls."""
        return place(self.variables, self.mesh)

    @functools.cached_property
    def predict_function(self) -> FaceFunction[Predictions]:
        """Predictions as a pure function of variables and uint8 faces."""
        return predict_fn(self.model, flip=self.config.evaluation.flip)

    @functools.lru_cache(maxsize=8)  # noqa: B019 - a classifier lives as long as its programs
    def explain_function(
        self, methods: tuple[str, ...], layers: tuple[str, ...], recorded: tuple[str, ...] = ()
    ) -> FaceFunction[ExplainedBatch]:
        """Explanations as a pure function of variables, uint8 faces and targets.

        Raises InputError for an unknown method or layer.
        """
        find_methods(methods)
        check_layers((*layers, *recorded), self.layers)
        explain = explain_fn(
            logits_fn(self.model), methods=methods, layers=layers, recorded=recorded
        )
        return on_pixels(explain, channels=input_channels(self.model))

    def with_flip(self, flip: bool) -> "Classifier":
        """This model, predicting from each face and its mirror image, or from the face alone.

        A temperature holds for the views it was fitted on, so where `flip` changes it is 1.
        """
        if flip == self.config.evaluation.flip:
            return self
        evaluation = dataclasses.replace(self.config.evaluation, flip=flip)
        config = dataclasses.replace(self.config, evaluation=evaluation)
        return dataclasses.replace(self, config=config, temperature=1.0)

    def predict(self, faces: Images) -> Predictions:
        """Predictions for one face or many: files, PIL images or uint8 arrays in RGB order.

        See `images.open_images` for what can be given; one face is a batch of one.

        Logits are the network's own, with `evaluation.flip` logarithms of averaged probabilities;
        probabilities are calibrated where the model has a temperature.
        """
        driver = Driver(self.mesh, self.config.evaluation.batch_size)
        found = driver.run(self.predict_function, self.placed_variables, self.pixels(faces))
        return self.readout.apply(found)

    def explain(
        self,
        faces: Images,
        *,
        methods: tuple[str, ...] = (),
        layers: tuple[str, ...] = (),
        target: str = "predicted",
    ) -> dict[tuple[str, str], Explanation]:
        """Explanations by (method, layer), for the predicted or one named category.

        Unless named, the method is the config's first: hirescam. Always of the face as it is, not
        of the average with its mirror image that `evaluation.flip` asks for.
        """
        methods = methods or default_methods(self.config)[:1]
        explain = self.explain_function(methods, layers or (self.default_layer,))
        chosen = check_target(target, self.emotions)
        if chosen == "label":
            raise InputError("single faces have no label; target is predicted or a category")
        pixels = self.pixels(faces)
        targets = () if chosen == "predicted" else (np.full(len(pixels), chosen, np.int32),)
        driver = Driver(self.mesh, self.config.evaluation.batch_size)
        found = driver.run(explain, self.placed_variables, pixels, *targets)
        return {
            key: dataclasses.replace(one, predictions=self.readout.apply(one.predictions))
            for key, one in found.explanations.items()
        }

    def open_split(self, split: str, *, data: DataConfig | None = None) -> Split:
        """A prepared split, of the data the model was trained on unless `data` says otherwise."""
        return open_split(data or self.config.data, split)

    def logits(self, split: Split, *, progress: bool = False) -> np.ndarray:
        """Logits `[face, emotion]` of every face of a split."""
        self._check_emotions(split)
        reference = reference_evaluation(self.config)
        driver = Driver(
            self.mesh,
            self.config.evaluation.batch_size,
            view=None if reference is None else reference.view,
            progress=split.name if progress else "",
        )
        found = driver.run(
            self.predict_function, self.placed_variables, split.images, index=split.index
        )
        return np.asarray(found.logits)

    def evaluate(self, split: str = "test", *, data: DataConfig | None = None) -> Evaluation:
        """Everything measured on a prepared split, as `gimefive evaluate` writes it."""
        opened = self.open_split(split, data=data)
        return evaluate_logits(
            opened,
            self.logits(opened),
            model_name=self.name,
            weights_sha256=self.weights_sha256,
            reference=reference_evaluation(self.config),
            readout=self.readout,
        )

    def export_explanations(
        self,
        split: Split,
        folder: Path,
        *,
        methods: tuple[str, ...] = (),
        layers: tuple[str, ...] = (),
        targets: str = "predicted",
        pictures: PictureChoice = "sample",
        progress: bool = False,
    ) -> None:
        """Write maps, activations, manifest and pictures of a whole split to `folder`."""
        self._check_emotions(split)
        explanation = self.config.explanation
        plan = ExportPlan(
            model_name=self.name,
            weights_sha256=self.weights_sha256,
            methods=_unique(methods or default_methods(self.config)),
            layers=_unique(layers or explanation.layers or (self.default_layer,)),
            watched=tuple(name for name in self.layers if name.endswith("/activation")),
            targets=check_target(targets, self.emotions),
            pictures=pictures,
            reference=self.config.reference,
            temperature=self.temperature,
        )
        export_split(
            self.explain_function(plan.methods, plan.layers, plan.watched),
            self.placed_variables,
            split,
            folder,
            plan=plan,
            driver=Driver(
                self.mesh, explanation.batch_size, progress="explain" if progress else ""
            ),
        )

    def pixels(self, faces: Images) -> UInt8[np.ndarray, "face height width 3"]:
        """Faces as the network's uint8 input, before normalisation."""
        data = self.config.data
        squares = (
            images.to_pixels(image, data.image_size, fit=data.fit)
            for image in images.open_images(faces)
        )
        # Grey as three equal channels has the same luma, so one program serves both.
        return np.stack([np.broadcast_to(square, (*square.shape[:2], 3)) for square in squares])

    def _check_emotions(self, split: Split) -> None:
        if split.emotions != self.emotions:
            raise InputError(
                f"{split.data_name} has the categories {', '.join(split.emotions)}, and must have "
                f"the model's, in their order: {', '.join(self.emotions)}; name a variant of the "
                "data that has them, or prepare one"
            )


def load(model: str | Path) -> Classifier:
    """Trained model from a run folder, a checkpoint folder in it, a file of weights, or by name.

    A run folder stands for its best checkpoint; files are `.safetensors`, or torch's `.pth` and
    `.pt`; `small` is shipped with the package. Raises InputError if there is none or it is damaged.
    """
    if path := find_weight_file(model):
        weights = read_weights(path)
        for note in weights.notes:
            warnings.warn(note, stacklevel=2)
        # With its suffix: a.pth and a.safetensors need not be the same.
        return Classifier(
            path.name if is_weight_file(model) else str(model),
            weights.config,
            weights.variables,
            run_folder=None,
            temperature=weights.temperature,
            notice=weights.notice,
        )
    # Imported here: Orbax takes a while, and files of weights need none of it.
    from gimefive_jax.runs.restoring import restore_run

    restored = restore_run(model)
    run, weights = restored.run, restored.weights
    return Classifier(run.name, weights.config, weights.variables, run.path, run.step)


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
