"""Every setting of an experiment, with default and unit: the schema of `configs/`."""

import dataclasses
from typing import Literal

from gimefive_jax.config.data_name import DataName
from gimefive_jax.config.rules import check
from gimefive_jax.emotions import emotion_names


@dataclasses.dataclass(frozen=True)
class AugmentationConfig:
    """Random changes to training faces; all off by default."""

    flip: bool = False
    """Mirror left and right with probability one half."""
    shift: float = 0.0
    """Largest shift in each direction, as a share of the side."""
    rotation: float = 0.0
    """Largest rotation in either sense, in degrees."""
    scale: float = 0.0
    """Largest relative change of size: 0.1 draws factors from 0.9 to 1.1."""
    brightness: float = 0.0
    """Largest change of brightness, as a share of the full range."""
    contrast: float = 0.0
    """Largest relative change of contrast around the face's mean."""
    erasing: float = 0.0
    """Probability that a rectangle of 2 to 30 % of the face is filled with its mean grey."""
    mixup: float = 0.0
    """Alpha of mixup, which blends two faces and their labels by a share from Beta(alpha, alpha);
    0 is off. Where cutmix is on as well, each face draws one of the two."""
    cutmix: float = 0.0
    """Alpha of cutmix, which puts a rectangle of another face into a face; its area, and the share
    of that face's label, come from Beta(alpha, alpha); 0 is off."""


@dataclasses.dataclass(frozen=True)
class DataConfig:
    """Which prepared data set, which splits, and how a face becomes an input."""

    name: str = "fer2013"
    """Prepared data set, as in `gimefive data list`."""
    variant: str = "six"
    """The data set's configuration: `six` categories, or `seven` with neutral."""
    directory: str = ""
    """Folder of prepared data sets; empty means $TFDS_DATA_DIR, else ~/tensorflow_datasets."""
    train_split: str = "train"
    """Split that is trained on."""
    validation_split: str = "validation"
    """Split that chooses the best checkpoint; never test."""
    image_size: int = 64
    """Side of the square input, in pixels; a multiple of 32, so that five pools drop no row."""
    fit: Literal["squash", "crop"] = "squash"
    """How a face becomes square: `squash` ignores its aspect ratio, `crop` takes the centre."""
    crop: Literal["box", "whole"] = "box"
    """`box` cuts a face out of its image where the data set says where it is; `whole` does not."""
    placement: Literal["auto", "device", "host"] = "auto"
    """Where the train split lies: `device` holds it whole on every device, `host` sends batches
    ahead of time, `auto` takes `device` where it fills at most a quarter of an accelerator's
    memory; changes no result."""
    augmentation: AugmentationConfig = AugmentationConfig()

    @property
    def data_name(self) -> DataName:
        """The set and its variant."""
        return DataName(self.name, self.variant)


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """Which architecture, and how large."""

    name: str = "gimefive"
    """Architecture, as in `gimefive models`; or `package.module:Class`, a Linen module of your own:
    docs/models.md."""
    width: float = 1.0
    """Multiplies the number of features of every layer; 1 is the paper's."""
    depth: int = 0
    """Blocks (in vgg pairs), each with twice the features; 0 is the architecture's own number."""
    num_classes: int = 6
    """Number of categories; at its default `train` takes the data set's own."""
    emotions: tuple[str, ...] = ()
    """Names of the categories in label order; empty until `train` takes those of the data set."""
    input_channels: int = 3
    """3 equal grey channels, as the paper; or 1, the grey channel alone."""
    squeeze_excite: Literal["auto", "on", "off"] = "auto"
    """Squeeze-excite after the first convolution; `auto` is the architecture's own."""
    dropout_rate: float = 0.2
    """Share of features dropped in the blocks, where the architecture does so at all."""
    head_dropout_rate: float = 0.5
    """Share of features dropped after the first dense layer; in vgg after the second too."""

    @property
    def category_names(self) -> tuple[str, ...]:
        """Names in label order; where none are given those of the paper's 6 or 7 categories."""
        return self.emotions or emotion_names(self.num_classes)


@dataclasses.dataclass(frozen=True)
class OptimizerConfig:
    """How gradients move the parameters."""

    name: Literal["sgd", "adam", "adamw", "muon"] = "sgd"
    """`muon` moves kernels by their momentum made orthogonal, and all else, with the kernel of the
    logits, by adam; a step costs more, which batches of 128 and more make up for."""
    learning_rate: float = 1e-3
    """Peak learning rate."""
    rest_learning_rate: float = 3e-3
    """Peak rate of what muon leaves to adam; it follows the schedule of learning_rate."""
    momentum: float = 0.9
    """Momentum of sgd and muon; adam and adamw keep betas of 0.9 and 0.999."""
    nesterov: bool = False
    """Nesterov's form of the momentum, of sgd and muon."""
    weight_decay: float = 1e-4
    """Share of each parameter that decays per unit of learning rate."""
    decay: Literal["auto", "coupled", "decoupled"] = "auto"
    """`coupled` decay joins the gradient before momentum and moments, `decoupled` the update after
    them; `auto` is coupled for sgd and adam, as in torch, decoupled for adamw and muon."""
    decay_only_kernels: bool = False
    """Spare biases and batch-norm parameters from weight decay; torch's optimizers decay all."""
    schedule: Literal["constant", "cosine", "step", "plateau"] = "constant"
    """Learning rate over the run: `cosine` falls to zero at the last epoch, `step` by decay_factor
    every decay_epochs, `plateau` by decay_factor after more than plateau_patience evaluations
    without a better validation accuracy."""
    warmup_epochs: float = 0.0
    """Epochs of linear rise from zero to the peak."""
    decay_factor: float = 0.1
    """What `step` and `plateau` multiply the learning rate by."""
    decay_epochs: float = 30.0
    """Epochs between two falls of `step`, counted from the first step of the run."""
    plateau_patience: int = 5
    """Evaluations without a better one after which `plateau` still waits."""
    clip_norm: float = 0.0
    """Largest norm of the gradient over all parameters, before weight decay; 0 clips nothing."""
    sam_radius: float = 0.0
    """Radius of sharpness-aware minimisation: the gradient is taken so far uphill; doubles the
    work of a step; 0 is off."""
    frozen: tuple[str, ...] = ()
    """Layers that stay as they begin, such as `block1 block2`: parameters and batch statistics bit
    for bit, computed as in evaluation. A name stands for all layers below it."""
    rate_factors: tuple[str, ...] = ()
    """What the learning rate of some layers is multiplied by, such as `block3=0.1 block4=0.3`."""


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """How long, how much at once, and when to stop."""

    batch_size: int = 16
    """Faces per step, over all devices."""
    micro_batches: int = 1
    """Parts that a batch is worked on in, one after another, to save memory; their gradients are
    averaged. Batch norm sees a part at a time: another number of parts is another training."""
    steps_per_dispatch: int = 1
    """Steps that one call of the program takes. More keep an accelerator busy where a step is
    shorter than its dispatch; evaluations and saves lie at multiples of it."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """What layers compute in; parameters, statistics, loss and optimizer stay float32."""
    shard_parameters: bool = False
    """Divide parameters, averages and optimizer state over the devices instead of copying them."""
    num_epochs: int = 80
    """Passes over the train split."""
    label_smoothing: float = 0.0
    """Probability mass spread evenly over all categories."""
    class_weighting: float = 0.0
    """Power of the inverse of its frequency that weighs a category's loss, 1 on average over the
    faces; 0 weighs all faces alike, 1 all categories."""
    logit_adjustment: float = 0.0
    """Share of the categories' log frequencies added to the logits in the loss, so that the bare
    logits favour no frequent category; 1 aims at balanced accuracy, 0 is off."""
    average_decay: float = 0.0
    """Decay of the averaged parameters that are evaluated and kept; 0 averages nothing."""
    patience: int = 15
    """Stop after so many epochs without a better validation accuracy; 0 never stops early."""
    max_minutes: float = 0.0
    """Save and stop after so many minutes of this call; 0 never. The same command goes on."""
    save_every_minutes: float = 5.0
    """Longest work, in minutes, that a crash may cost; every epoch is saved as well."""
    tensorboard: bool = False
    """Write event files for TensorBoard into the run folder too; needs the tensorboard extra."""


@dataclasses.dataclass(frozen=True)
class EvaluationConfig:
    """How a split is evaluated."""

    batch_size: int = 256
    """Faces per step, over all devices; changes no result."""
    flip: bool = False
    """Average the probabilities of each face and its mirror image, in validation too."""


@dataclasses.dataclass(frozen=True)
class ExplanationConfig:
    """How a split is explained."""

    methods: tuple[str, ...] = ()
    """Methods, or METHOD@LAYER; the first one is drawn. Empty means the map that measures best as a
    picture, hirescam and gradcam."""
    layers: tuple[str, ...] = ()
    """Layers by name; empty means the post-ReLU output of the last block."""
    batch_size: int = 256
    """Faces per step, over all devices; changes no result."""


@dataclasses.dataclass(frozen=True)
class ExperimentConfig:
    """One experiment; each stage is given only its own part."""

    data: DataConfig = DataConfig()
    model: ModelConfig = ModelConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    training: TrainingConfig = TrainingConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    explanation: ExplanationConfig = ExplanationConfig()
    seed: int = 0
    """Seed of initial parameters, order of faces, augmentation and dropout."""
    reference: bool = False
    """Evaluate and explain as the paper's reference does, to compare with it: docs/reference.md."""

    def __post_init__(self) -> None:
        check(self)
