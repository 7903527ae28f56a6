"""What a trained model is made of: variables, their places, and pure functions of them."""

import dataclasses
import functools
from collections.abc import Hashable, Sequence
from pathlib import Path

import flax.linen as nn
import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, PyTree, UInt8

from gimefive_jax import images, kept_programs, parallel, preprocess
from gimefive_jax.config import ExperimentConfig
from gimefive_jax.evaluation.evaluate import predict_fn
from gimefive_jax.explanation import (
    ExplainedBatch,
    ExplainFunction,
    Method,
    ScoreFunction,
    explain_fn,
)
from gimefive_jax.explanation.defaults import default_methods, layer_by_default, shown_map
from gimefive_jax.explanation.fusion import parts_of
from gimefive_jax.explanation.layers import check_layers, explainable_shapes
from gimefive_jax.explanation.methods import METHODS, find_methods, is_at_input, map_keys
from gimefive_jax.explanation.methods.placed import AT
from gimefive_jax.images import Images
from gimefive_jax.inference import FaceFunction, on_pixels, place
from gimefive_jax.models import blank_face, input_channels, logits_fn, make_model
from gimefive_jax.readout import Readout
from gimefive_jax.scaling import PLAIN_SCALING, Scaling
from gimefive_jax.structs import Predictions

Methods = str | Method | Sequence[str | Method]
"""Names of methods or methods of your own (see `explanation.Method`), one or several."""
# A new lambda at every call is a new function: whoever gives one shall not fill the memory.
_FUNCTIONS_KEPT = 8


# Compared by identity: two loaded models are never the same thing, and arrays have no hash.
@dataclasses.dataclass(frozen=True, eq=False)
class LoadedModel:
    """A trained model and the functions that are made of it, each once."""

    name: str
    config: ExperimentConfig
    variables: PyTree = dataclasses.field(repr=False)
    """Not shown: a notebook would print millions of numbers."""
    run_folder: Path | None
    """None for a model from a file of weights."""
    step: int | None = None
    """Of a checkpoint that was chosen by name; None for a run's best and for files."""
    scaling: Scaling = PLAIN_SCALING
    """Makes calibrated probabilities of the logits; their softmax where none was fitted."""
    notice: str = ""
    """What a user must know of where the weights come from; a line."""
    averaged: bool = True
    """Whether these are the averaged parameters of a run that keeps averages."""

    @functools.cached_property
    def weights_sha256(self) -> str:
        """Over names, types, shapes and bytes of the variables: results say whose they are."""
        from gimefive_jax.runs.checksums import digest

        return digest(jax.device_get(self.variables))

    @property
    def num_parameters(self) -> int:
        """Trainable numbers."""
        return sum(leaf.size for leaf in jax.tree.leaves(self.variables["params"]))

    @property
    def readout(self) -> Readout:
        """How logits of this model become probabilities."""
        source = "" if self.scaling.is_plain else "of the weights"
        return Readout(self.config.evaluation.flip, self.scaling, source)

    @property
    def emotions(self) -> tuple[str, ...]:
        """Expression categories in label order."""
        return self.config.model.category_names

    @functools.cached_property
    def layers(self) -> list[str]:
        """Names of the layers that can be explained, in the order of the network."""
        return list(self._layer_shapes)

    @property
    def shown_map(self) -> str:
        """Method and layers of the map that is drawn, such as `layercam@block3/activation`.

        It is the one that measures best as a picture (docs/which_map.md). The exact map, HiResCAM
        at the default layer, is computed beside it.
        """
        return self._only_drawn or self.exact_map

    @property
    def exact_method(self) -> str:
        """The first of the config's methods: hirescam, whose maps are exact as sums."""
        return default_methods(self.config)[0]

    @property
    def exact_map(self) -> str:
        """Method and layer of the map whose cells and the biases add up to the logit."""
        first = self.exact_method
        placed = AT in first or is_at_input(METHODS[first])
        return first if placed else f"{first}{AT}{self.default_layer}"

    def chosen_methods(self, methods: Methods, layers: str | Sequence[str]) -> dict[str, Method]:
        """Finds methods by name, the one that is drawn first.

        Args:
          methods: See `Methods`; by default the shown map and the config's methods.
          layers: Layers that are asked for; where some are, nothing is shown at another.
        """
        if methods:
            return find_methods(methods)
        drawn = () if layers or not self._only_drawn else (self._only_drawn,)
        return find_methods((*drawn, *default_methods(self.config)))

    @functools.cached_property
    def _only_drawn(self) -> str:
        """The map that is drawn; empty where the exact one is."""
        return shown_map(self.config, self._layer_shapes)

    @functools.cached_property
    def _layer_shapes(self) -> dict[str, tuple[int, ...]]:
        """Output shapes of the layers that can be explained."""
        logits, face = logits_fn(self.model), self._blank_face
        name = kept_programs.name_of(logits)
        return kept_programs.recalled(
            name and f"explainable shapes {name} {face.shape}",
            lambda: explainable_shapes(logits, self.variables, face),
        )

    @property
    def default_layer(self) -> str:
        """Layer explained unless another is named."""
        return layer_by_default(self.config, self.layers)

    @property
    def _blank_face(self) -> jax.ShapeDtypeStruct:
        return blank_face(self.model, image_size=self.config.data.image_size)

    @functools.cached_property
    def model(self) -> nn.Module:
        """The Flax module."""
        return make_model(self.config.model)

    @functools.cached_property
    def mesh(self) -> Mesh:
        """All devices of all processes."""
        return parallel.make_mesh()

    @functools.cached_property
    def placed_variables(self) -> PyTree:
        """The variables with a whole copy on every device, where they are left for later calls."""
        return place(self.variables, self.mesh)

    @functools.cached_property
    def predict_function(self) -> FaceFunction[Predictions]:
        """Predictions as a pure function of variables and uint8 faces."""
        return predict_fn(self.model, flip=self.config.evaluation.flip)

    def explain_function(
        self,
        methods: Methods,
        layers: str | Sequence[str],
        *,
        recorded: tuple[str, ...] = (),
        num_channels: int = 0,
        score: ScoreFunction | None = None,
        against_predicted: bool = False,
        every_category: bool = False,
    ) -> FaceFunction[ExplainedBatch]:
        """Gives explanations as a pure function of variables, uint8 faces and targets.

        Args:
          methods: See `Methods`.
          layers: Layers that are explained.
          recorded: Layers whose mean activation is given as well.
          num_channels: Of each recorded layer, how many of the strongest channels are given.
          score: Function of logits that is explained instead of a category's logit.
          against_predicted: Whether the function takes `against` alone, and the predicted
            categories are its targets.
          every_category: Whether all categories are explained at once; see `explain_fn`.

        Returns:
          `(variables, faces, target=None, against=None)`; the same one for the same arguments as
          long as it is among the last few, so that it is compiled once.

        Raises:
          InputError: A method or a layer is unknown.
        """
        found, explained = find_methods(methods), words(layers)
        parts = (part for _, layer in map_keys(found, explained) for part in parts_of(layer))
        check_layers((*parts, *recorded), self.layers)
        # Numbers of objects, which live as long as the functions that hold them.
        methods_and_score = (*((name, id(one)) for name, one in found.items()), id(score))
        more = (recorded, num_channels, against_predicted, every_category)
        key = (*methods_and_score, explained, *more)
        if key not in self._explain_functions:
            channels = input_channels(self.model)
            logits = logits_fn(self.model)
            explain = explain_fn(
                logits,
                methods=tuple(found.values()),
                layers=explained,
                recorded=recorded,
                num_channels=num_channels,
                score=score,
                pixels=preprocess.pixel_scale(channels),
                every_category=every_category,
            )
            if against_predicted:
                explain = _of_predicted(explain)
            # Of methods and scores of the user's own no more is known than that they are some.
            ours = "" if score is not None else _names(methods)
            kept_programs.named(explain, kept_programs.name_of(logits), ours, explained, *more)
            if len(self._explain_functions) == _FUNCTIONS_KEPT:
                self._explain_functions.pop(next(iter(self._explain_functions)))
            self._explain_functions[key] = on_pixels(explain, channels=channels)
        return self._explain_functions[key]

    def pixels(self, faces: Images) -> UInt8[np.ndarray, "face height width 3"]:
        """Gives faces as the network's uint8 input, before normalisation."""
        data = self.config.data
        squares = (
            images.to_pixels(image, data.image_size, fit=data.fit)
            for image in images.open_images(faces)
        )
        # Grey as three equal channels has the same luma, so one program serves both.
        return np.stack([np.broadcast_to(square, (*square.shape[:2], 3)) for square in squares])

    @functools.cached_property
    def _explain_functions(self) -> dict[Hashable, FaceFunction[ExplainedBatch]]:
        return {}

    def __getstate__(self) -> dict[str, object]:
        # What was made on the way, such as placed arrays, is made anew where it is needed.
        state = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return {**state, "variables": jax.device_get(self.variables)}


def _of_predicted(explain: ExplainFunction) -> ExplainFunction:
    """Gives `(variables, x, against)` of `(variables, x, target, against)`."""

    def explain_predicted(variables: PyTree, x: Array, against: Array) -> ExplainedBatch:
        return explain(variables, x, None, against)

    return explain_predicted


def _names(methods: Methods) -> str:
    """Methods in words that name each; empty where one is no name."""
    several = [methods] if isinstance(methods, str) or callable(methods) else methods
    return repr(several) if all(isinstance(one, str) for one in several) else ""


def words(names: str | Sequence[str]) -> tuple[str, ...]:
    """Gives one name or several as a tuple, each once."""
    return (names,) if isinstance(names, str) else tuple(dict.fromkeys(names))
