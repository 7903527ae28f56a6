"""What is exported of some faces."""

import dataclasses
from collections.abc import Mapping
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from gimefive_jax.config import ModelConfig
from gimefive_jax.explained.arrays import SHARD
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.summary import (
    STORES,
    ExplanationSummary,
    MethodRecord,
    Reproduction,
    current_backend,
    current_versions,
)
from gimefive_jax.explained.targets import Targets
from gimefive_jax.explanation.methods import Method
from gimefive_jax.scaling import PLAIN_SCALING, Scaling

PictureChoice = Literal["none", "sample", "all"]
NUM_CHANNELS = 8
"""Strongest channels that are stored of each layer."""


@runtime_checkable
class MapMeasure(Protocol):
    """Further columns of the manifest: numbers of each map, such as its shares of face regions."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, each followed by `:METHOD:LAYER` in the manifest."""

    def __call__(
        self, rows: Int[np.ndarray, " map"], heat_maps: Float[np.ndarray, "map rows columns"]
    ) -> Float[np.ndarray, "map name"]:
        """Measures maps.

        Args:
          rows: Row of each map's face among the faces of the export.
          heat_maps: Raw, signed maps.

        Returns:
          A number for each name; NaN where there is none, which leaves the cell empty.
        """


@dataclasses.dataclass(frozen=True, kw_only=True)
class ExportPlan:
    """What is exported, and of which model."""

    model_name: str
    weights_sha256: str
    network: ModelConfig
    image_size: int
    fit: str
    methods: Mapping[str, Method]
    """By the name of their maps; the first one is drawn."""
    layers: tuple[str, ...]
    recorded: tuple[str, ...] = ()
    """Layers whose activations are stored."""
    targets: Targets
    pictures: PictureChoice = "sample"
    measures: tuple[MapMeasure, ...] = ()
    """Further columns of the manifest."""
    reference: bool = False
    """Draw the pictures as the paper's reference does."""
    scaling: Scaling = PLAIN_SCALING
    """Makes the probabilities of the manifest; maps and b_eff are of the logit."""

    def summary(self, faces: ExplainedFaces) -> ExplanationSummary:
        """Says what is explained, before anything is: without degenerate maps and `maps`."""
        return ExplanationSummary(
            reference=self.reference,
            model=self.model_name,
            weights_sha256=self.weights_sha256,
            data=faces.data_name,
            split=faces.name,
            count=len(faces),
            data_sha256=faces.digest,
            methods=tuple(self.methods),
            layers=self.layers,
            activations=self.recorded,
            targets=self.targets.word,
            calibration=self.scaling,
            num_degenerate_maps=0,
            arrays=STORES,
            reproduction=Reproduction(
                versions=current_versions(),
                backend=current_backend(),
                emotions=faces.emotions,
                network=self.network,
                image_size=self.image_size,
                fit=self.fit,
                methods={name: MethodRecord.of(one) for name, one in self.methods.items()},
                num_channels=NUM_CHANNELS,
                measures=tuple(name for measure in self.measures for name in measure.names),
                names_sha256=faces.names_sha256,
                shard=SHARD,
            ),
        )
