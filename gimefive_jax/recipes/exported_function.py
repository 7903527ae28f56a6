"""What a one-file export computes of faces, and what the file says of itself."""

import dataclasses
import json
from collections.abc import Callable
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from gimefive_jax.api import Classifier
from gimefive_jax.errors import InputError
from gimefive_jax.explanation import ExplainedBatch
from gimefive_jax.explanation.methods import find_methods, map_keys
from gimefive_jax.inference import FaceFunction
from gimefive_jax.json_records import to_json
from gimefive_jax.scaling import Scaling
from gimefive_jax.structs import AnyArray, Predictions

Precision = Literal["float32", "float16"]
NOTHING = "none"
"""In the place of a method: nothing is explained."""
_OF_EACH = (
    "heat_map explains the predicted category, heat_maps each of them, [batch, category, rows, "
    "columns]"
)
_NOT_EACH = "only the predicted category is explained"
_OF_PREDICTED = "heat_map explains the predicted category, [batch, rows, columns]"
_READING = (
    ", raw and signed, on a grid over the whole face: row 0 is its upper edge. Positive "
    "cells speak for the category; draw max(map, 0) over its maximum, enlarged to the face. Scores "
    "say which expression category a face resembles, not what the person feels."
)


@dataclasses.dataclass(frozen=True)
class ExportFacts:
    """What the file says of itself."""

    model: str
    categories: tuple[str, ...]
    """In the order of the outputs."""
    input: str
    outputs: tuple[str, ...]
    method: str
    """Of the maps; empty where nothing is explained."""
    layer: str
    no_b_eff: str
    """Why there is no output `b_eff`; empty where there is, or nothing is explained."""
    scaling: Scaling
    """What makes `probabilities` of the logits."""
    precision: Precision
    notice: str
    weights_sha256: str
    reading: str

    def words(self) -> dict[str, str]:
        """Gives each fact as text; what is no word or number is JSON."""
        return {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in to_json(self).items()
        }


@dataclasses.dataclass(frozen=True, eq=False)
class ExportedFunction:
    """The function that is exported, and what is explained by it."""

    outputs: Callable[[PyTree, Array], dict[str, AnyArray]]
    """Pure function of variables and uint8 faces: arrays by name."""
    method: str
    """Of the maps; empty where nothing is explained."""
    layer: str
    unknown: str
    """Why there is no `b_eff`."""
    every_category: bool = True
    """Whether each category is explained."""

    @classmethod
    def of(
        cls, classifier: Classifier, explain: str, *, every_category: bool = True
    ) -> "ExportedFunction":
        """Gives the function of a model.

        Args:
          classifier: The model.
          explain: `METHOD@LAYER`, a method alone, or `none`; empty takes the map that is drawn.
          every_category: Whether each category is explained; else the predicted one alone, at half
            the cost.

        Raises:
          InputError: A method or layer is unknown, or several are named.
        """
        predict, readout = classifier.predict_function, classifier.readout
        if explain == NOTHING:
            return cls(
                lambda variables, faces: _predicted(readout.apply(predict(variables, faces))),
                "", "", "",
            )  # fmt: skip
        chosen = explain or classifier.shown_map
        explained = classifier.explain_function(
            chosen, classifier.default_layer, every_category=every_category
        )
        methods = find_methods(chosen)
        if len(methods) != 1:
            raise InputError(f"--explain {explain} must name one method and its layer")
        [key] = map_keys(methods, (classifier.default_layer,))

        side = classifier.config.data.image_size
        face = jax.ShapeDtypeStruct((1, side, side, 3), np.uint8)
        unknown = jax.eval_shape(explained, classifier.variables, face).explanations[key].unknown
        outputs = _explaining(classifier, explained, key, every_category=every_category)
        return cls(outputs, *key, unknown if every_category else _NOT_EACH, every_category)

    def facts(self, classifier: Classifier, precision: Precision) -> ExportFacts:
        """Gives what the file of a model says of itself."""
        side = classifier.config.data.image_size
        maps = ("heat_map", "heat_maps")[: 1 + self.every_category] if self.method else ()
        names = ("logits", "probabilities", "predicted", *maps)
        return ExportFacts(
            model=classifier.name,
            categories=classifier.emotions,
            input=(
                f"faces: uint8 [batch, {side}, {side}, 3], RGB or grey three times, values 0 to "
                f"255, one face each, as large as the picture; resize bilinearly to {side} x {side}"
            ),
            outputs=(*names, "b_eff") if self.method and not self.unknown else names,
            method=self.method,
            layer=self.layer,
            no_b_eff=self.unknown,
            scaling=classifier.scaling,
            precision=precision,
            notice=classifier.notice,
            weights_sha256=classifier.weights_sha256,
            reading=self._reading,
        )

    @property
    def _reading(self) -> str:
        if not self.method:
            return ""
        return (_OF_EACH if self.every_category else _OF_PREDICTED) + _READING


def _explaining(
    classifier: Classifier,
    explained: FaceFunction[ExplainedBatch],
    key: tuple[str, str],
    *,
    every_category: bool,
) -> Callable[[PyTree, Array], dict[str, AnyArray]]:
    predict, readout = classifier.predict_function, classifier.readout

    def outputs(variables: PyTree, faces: Array) -> dict[str, AnyArray]:
        predictions = predict(variables, faces) if readout.flip else None
        # Of the category that the views agree on; else the predicted one is found on the way.
        target = () if every_category or predictions is None else (predictions.emotion,)
        found = explained(variables, faces, *target).explanations[key]
        given = _predicted(readout.apply(predictions or found.predictions))
        if not every_category:
            return {**given, "heat_map": found.heat_map}
        chosen = jax.nn.one_hot(given["predicted"], given["logits"].shape[-1])
        given["heat_maps"] = found.heat_map
        given["heat_map"] = (found.heat_map * chosen[..., None, None]).sum(1)
        if found.bias_effect is not None:
            given["b_eff"] = found.bias_effect
        return given

    return outputs


def _predicted(predictions: Predictions) -> dict[str, AnyArray]:
    return {
        "logits": predictions.logits,
        "probabilities": predictions.probabilities,
        "predicted": jnp.argmax(predictions.logits, axis=-1),
    }
