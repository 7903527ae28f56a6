"""A trained model as an object: predict, evaluate, explain."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from gimefive_jax.api.exporting import ExportingModel
from gimefive_jax.api.loaded import Methods, words
from gimefive_jax.config import DataConfig
from gimefive_jax.data import Split, stratified, take_faces
from gimefive_jax.emotions import find_label
from gimefive_jax.evaluation.corruptions import PartBoxes, Robustness, measure_robustness
from gimefive_jax.evaluation.evaluation import Evaluation, evaluate_logits
from gimefive_jax.evaluation.reference import reference_evaluation
from gimefive_jax.explanation import ScoreFunction
from gimefive_jax.explanation.methods import batch_size_for, find_methods, map_keys
from gimefive_jax.faces.of_split import landmarks_folder, split_landmarks
from gimefive_jax.faces.part_boxes import eyes_and_mouth
from gimefive_jax.images import Images
from gimefive_jax.inference import Driver
from gimefive_jax.readout import Readout
from gimefive_jax.scaling import PLAIN_SCALING
from gimefive_jax.structs import Explanation, Predictions


@dataclasses.dataclass(frozen=True, eq=False)
class Classifier(ExportingModel):
    """A trained model, as `load` gives it. It can be pickled and copied at any time.

    Example:
      >>> import gimefive_jax, numpy as np
      >>> classifier = gimefive_jax.load("small")
      >>> face = np.zeros((64, 64), np.uint8)
      >>> classifier.predict([face]).probabilities.shape
      (1, 6)
      >>> classifier.explain([face])["hirescam", "block5/activation"].heat_map.shape
      (1, 4, 4)
    """

    def with_flip(self, flip: bool) -> "Classifier":
        """Gives this model predicting from each face and its mirror image, or from the face alone.

        A calibration holds for the views it was fitted on, so where `flip` changes there is none.

        Args:
          flip: Whether probabilities are averaged over each face and its mirror image.

        Returns:
          A classifier with the same variables.
        """
        if flip == self.config.evaluation.flip:
            return self
        evaluation = dataclasses.replace(self.config.evaluation, flip=flip)
        config = dataclasses.replace(self.config, evaluation=evaluation)
        return dataclasses.replace(self, config=config, scaling=PLAIN_SCALING)

    def predict(self, faces: Images) -> Predictions:
        """Predicts the category of each face.

        Args:
          faces: One face or many: files, PIL images or uint8 arrays in RGB order; see
            `images.open_images`. One face is a batch of one.

        Returns:
          The network's own logits, with `evaluation.flip` logarithms of averaged probabilities, and
          probabilities that are calibrated where the model carries a calibration.

        Raises:
          InputError: A face cannot be read.
        """
        driver = Driver(self.mesh, self.config.evaluation.batch_size)
        found = driver.run(self.predict_function, self.placed_variables, self.pixels(faces))
        return self.readout.apply(found)

    def explain(
        self,
        faces: Images,
        *,
        methods: Methods = (),
        layers: str | Sequence[str] = (),
        target: str = "predicted",
        against: str = "",
        score: ScoreFunction | None = None,
    ) -> dict[tuple[str, str], Explanation]:
        """Explains each face as it is, not its average with a mirror image.

        Args:
          faces: As for `predict`.
          methods: See `Methods`; by default the shown map, then hirescam.
          layers: One or several of `layers`, `input`, or several joined by `+`, whose maps are
            fused; by default the last activation. Methods of pixels take `input` at any rate.
          target: `predicted`, `all`, or a category or a synonym of one, such as happy. With `all`
            every category is explained at once, and arrays have an axis `category` after the face.
          against: Another category: then "why `target` and not this" is explained.
          score: Function of logits `[batch, category]` that gives a number per face; explained
            instead of logits of categories.

        Returns:
          Explanations by (method, layer); maps are raw and signed, in units of the score.

        Raises:
          InputError: A face cannot be read, or a method, layer or category is unknown.
        """
        names_none, pixels = target in ("predicted", "all"), self.pixels(faces)
        # The map that is drawn, and the exact one beside it; the same one where both are the same.
        both = (self.shown_map, self.exact_map)
        chosen = tuple(find_methods(methods or (self.exact_method if layers else both)).values())
        places = words(layers or self.default_layer)
        explain = self.explain_function(
            chosen,
            places,
            score=score,
            against_predicted=names_none and bool(against),
            every_category=target == "all",
        )
        labels = [find_label(one, self.emotions) for one in (target, against)[names_none:] if one]
        columns = [np.full(len(pixels), label, np.int32) for label in labels]
        size = batch_size_for(chosen, self.config.evaluation.batch_size)
        driver = Driver(self.mesh, size)
        found = driver.run(explain, self.placed_variables, pixels, *columns).explanations
        # What went through jit is sorted.
        return {
            key: dataclasses.replace(
                found[key], predictions=self.readout.apply(found[key].predictions)
            )
            for key in map_keys(find_methods(chosen), places)
        }

    def logits(
        self, split: str | Split, *, data: DataConfig | None = None, progress: bool = False
    ) -> Float[np.ndarray, "face emotion"]:
        """Computes the logits of every face of a split.

        Args:
          split: Name of a split, such as `test`, or a `Split`.
          data: Data set to open it from; by default the one the model was trained on.
          progress: Whether a bar is shown.

        Returns:
          Logits in the split's order, `[face, emotion]`.

        Raises:
          InputError: There is no such split, or its categories are not the model's.
        """
        opened = self.open_split(split, data=data)
        reference = reference_evaluation(self.config)
        driver = Driver(
            self.mesh,
            self.config.evaluation.batch_size,
            view=None if reference is None else reference.view,
            progress=opened.name if progress else "",
        )
        found = driver.run(
            self.predict_function, self.placed_variables, opened.images, index=opened.index
        )
        return np.asarray(found.logits)

    def evaluate(
        self, split: str | Split = "test", *, data: DataConfig | None = None
    ) -> Evaluation:
        """Measures the model on a split, as `gimefive evaluate` writes it.

        Args:
          split: Name of a split, or a `Split`.
          data: Prepared data of a named split; by default what the model was trained on.

        Returns:
          Accuracy, loss, calibration and more; every face counts once.

        Raises:
          InputError: There is no such data or split, or its categories are not the model's.
        """
        opened = self.open_split(split, data=data)
        return evaluate_logits(
            opened,
            self.logits(opened),
            model_name=self.name,
            weights_sha256=self.weights_sha256,
            reference=reference_evaluation(self.config),
            readout=self.readout,
        )

    def robustness(
        self,
        split: str | Split = "test",
        *,
        data: DataConfig | None = None,
        num_faces: int | None = 1000,
        readout: Readout | None = None,
        progress: bool = False,
    ) -> Robustness:
        """Measures how accuracy falls while faces are blurred, darkened, covered and more.

        Args:
          split: Name of a split, or a `Split`.
          data: Prepared data of the split; of a named one by default what the model was trained on.
          num_faces: At most so many faces, each category with its share; None takes all. Each goes
            through the network 50 times.
          readout: How logits become probabilities, for the confidence; by default the model's own.
          progress: Whether a bar is shown.

        Returns:
          Accuracy of each corruption at five strengths, and mean drops. What covers eyes and mouth
          is left out where no face has landmarks.

        Raises:
          InputError: There is no such data or split, or its categories are not the model's.
        """
        whole = self.open_split(split, data=data)
        chosen = take_faces(whole, stratified(whole.labels, num_faces))
        # Kept beside the data, where it is known which these are: other models need them too.
        named = data or (self.config.data if isinstance(split, str) else None)
        folder = None if named is None else landmarks_folder(named)
        found = split_landmarks(chosen, folder=folder)
        boxes = eyes_and_mouth(found, side=chosen.images.shape[1])
        reference = reference_evaluation(self.config)
        return measure_robustness(
            self.predict_function,
            self.placed_variables,
            chosen,
            driver=Driver(
                self.mesh,
                self.config.evaluation.batch_size,
                view=None if reference is None else reference.view,
            ),
            readout=readout or self.readout,
            num_in_split=len(whole),
            parts=None if boxes is None else PartBoxes(boxes, found.found),
            progress=progress,
        )
