"""A trained model that opens splits and explains them whole, into a folder."""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from gimefive_jax import parallel
from gimefive_jax.api.loaded import LoadedModel, Methods, words
from gimefive_jax.config import DataConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.errors import InputError
from gimefive_jax.explained.export import export_faces
from gimefive_jax.explained.faces import ExplainedFaces
from gimefive_jax.explained.plan import NUM_CHANNELS, ExportPlan, MapMeasure, PictureChoice
from gimefive_jax.explained.targets import find_targets
from gimefive_jax.explanation.methods import batch_size_for
from gimefive_jax.inference import Driver
from gimefive_jax.runs import results_folder
from gimefive_jax.runs.run_folder import Stage


@dataclasses.dataclass(frozen=True, eq=False)
class ExportingModel(LoadedModel):
    """A trained model, with the export of explanations."""

    def open_split(self, split: str | Split, *, data: DataConfig | None = None) -> Split:
        """Opens a prepared split, or checks one that is open.

        Args:
          split: Name of a split, such as `test`, or a `Split`.
          data: Prepared data; by default what the model was trained on.

        Returns:
          The split, with the model's categories.

        Raises:
          InputError: There is no such data or split, or its categories are not the model's.
        """
        opened = open_split(data or self.config.data, split) if isinstance(split, str) else split
        if opened.emotions != self.emotions:
            raise InputError(
                f"{opened.data_name} has the categories {', '.join(opened.emotions)}, and must "
                f"have the model's, in their order: {', '.join(self.emotions)}; name a variant of "
                "the data that has them, or prepare one (folders and tables: --categories "
                f"{' '.join(self.emotions)})"
            )
        return opened

    def results_folder(self, stage: Stage, split: Split) -> Path:
        """Names the folder for the results of a stage on a split, where none is given.

        Args:
          stage: `evaluation`, `explanations` or `faithfulness`.
          split: The faces.

        Returns:
          A folder in the run folder, or below `gimefive-out` for a model from a file.
        """
        return results_folder(
            self.run_folder,
            self.name,
            stage,
            step=self.step,
            data_name=split.data_name,
            split=split.name,
            flip=stage == "evaluation" and self.config.evaluation.flip,
            averaged=self.averaged,
        )

    def check_same_work(self, faces: Split | ExplainedFaces) -> None:
        """Raises InputError on all processes unless each has the same weights and faces.

        Args:
          faces: What this process works on.
        """
        parallel.check_alike(
            f"weights {self.weights_sha256[:8]} and faces {faces.digest[:8]}",
            mend="give all processes the same model and data",
        )

    def export_explanations(
        self,
        split: str | Split | ExplainedFaces,
        folder: str | Path,
        *,
        methods: Methods = (),
        layers: str | Sequence[str] = (),
        targets: str = "predicted",
        activations: bool = False,
        pictures: PictureChoice = "sample",
        measures: Sequence[MapMeasure] = (),
        progress: bool = False,
    ) -> None:
        """Writes maps, manifest, activations and pictures of a whole split or of photos.

        If the process ends early, however it ends, what is done stays in `FOLDER.unfinished`; the
        same call goes on with it, and leaves the bytes of a call that was never interrupted.

        Args:
          split: Name of a split, a `Split`, or photos as `predicting.read_faces` gives them.
          folder: Where results go, whole or not at all; earlier ones there are replaced.
          methods: See `Methods`; by default the shown map, hirescam and gradcam; the first one is
            drawn.
          layers: One or several of `layers`; by default the config's, or the last activation.
          targets: `predicted`, `label`, `all`, a category or a synonym of one, or two of these as
            CLASS-CLASS: why the first and not the second.
          activations: Whether the mean and the strongest channels of every block are written too.
          pictures: `none`, a `sample` of hits and misses of each category, or `all`.
          measures: Further columns of the manifest, computed of each map.
          progress: Whether a bar is shown, and a line where an unfinished export goes on.

        Raises:
          InputError: A method, layer, target or split is unknown, or another process is writing to
            the same folder.
        """
        faces, explanation = self._faces(split), self.config.explanation
        found = self.chosen_methods(methods, layers)
        blocks = tuple(name for name in self.layers if name.endswith("/activation"))
        plan = ExportPlan(
            model_name=self.name,
            weights_sha256=self.weights_sha256,
            network=self.config.model,
            image_size=self.config.data.image_size,
            fit=self.config.data.fit,
            methods=found,
            layers=words(layers or explanation.layers or self.default_layer),
            recorded=blocks if activations else (),
            targets=find_targets(targets, self.emotions),
            pictures=pictures,
            measures=tuple(measures),
            reference=self.config.reference,
            scaling=self.scaling,
        )
        explain = self.explain_function(
            tuple(found.values()),
            plan.layers,
            recorded=plan.recorded,
            num_channels=NUM_CHANNELS if activations else 0,
            every_category=plan.targets.kind == "all",
        )
        export_faces(
            explain,
            self.placed_variables,
            faces,
            Path(folder),
            plan=plan,
            driver=Driver(
                self.mesh,
                batch_size_for(found.values(), explanation.batch_size),
                progress="explain" if progress else "",
            ),
            tell=_say if progress else _say_nothing,
        )

    def _faces(self, split: str | Split | ExplainedFaces) -> ExplainedFaces:
        if isinstance(split, ExplainedFaces):
            return split
        return ExplainedFaces.of(self.open_split(split))


def _say(line: str) -> None:
    tqdm.write(line, file=sys.stderr)


def _say_nothing(line: str) -> None:
    pass
