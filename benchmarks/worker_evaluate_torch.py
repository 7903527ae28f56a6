"""Worker of `benchmarks/evaluate.py`: a DataLoader, a torch model and scikit-learn."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn import metrics
from torch.utils.data import DataLoader, Dataset, TensorDataset

from benchmarks.worker import Work, serve
from gimefive_jax.cli.memory import keep_freed_memory
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.preprocess import MEAN, STD
from tests.equivalence.torch_models import make_reference, torch

FORMATS = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
SIDE = 64


class Files(Dataset):
    """Image files of a folder per category, decoded and resized as the paper's reference does."""

    def __init__(self, folder: Path) -> None:
        self._paths = [path for name in EMOTIONS for path in sorted((folder / name).iterdir())]

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, row: int) -> "tuple[torch.Tensor, int]":
        path = self._paths[row]
        with Image.open(path) as image:
            grey = image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
        return torch.from_numpy(np.array(grey)[None]), EMOTIONS.index(path.parent.name)


def make_work(folder: str, width: float, batch_size: int, variant: str) -> Work:
    """A pass over all faces: `arrays|files`, memory format, number of the loader's workers."""
    source, layout, workers = variant.split()
    memory_format = FORMATS[layout]
    model = make_reference("gimefive", width=width, image_size=SIDE).eval()
    model = model.to(memory_format=memory_format)
    faces: Dataset = Files(Path(folder) / "raw" / "test")
    if source == "arrays":
        images, labels = zip(*(faces[row] for row in range(len(faces))), strict=True)
        faces = TensorDataset(torch.stack(images), torch.tensor(labels))
    loader = DataLoader(faces, batch_size=batch_size, num_workers=int(workers))
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))

    def evaluate() -> None:
        logits, labels = [], []
        with torch.inference_mode():
            for image, label in loader:
                x = ((image.float() / 255 - mean) / std).contiguous(memory_format=memory_format)
                logits.append(model(x).numpy())
                labels.append(label.numpy())
        _measure(np.concatenate(logits), np.concatenate(labels))

    return Work(evaluate)


def _measure(logits: np.ndarray, labels: np.ndarray) -> Iterable[object]:
    """The metrics that ours has, where scikit-learn has them."""
    probabilities = torch.softmax(torch.from_numpy(logits).double(), 1).numpy()
    predicted, confidence = logits.argmax(1), probabilities.max(1)
    return (
        metrics.accuracy_score(labels, predicted),
        metrics.balanced_accuracy_score(labels, predicted),
        metrics.precision_recall_fscore_support(labels, predicted, zero_division=0),
        metrics.confusion_matrix(labels, predicted),
        metrics.top_k_accuracy_score(labels, logits, k=2),
        metrics.log_loss(labels, probabilities),
        np.square(probabilities - np.eye(len(EMOTIONS))[labels]).sum(1).mean(),
        metrics.roc_auc_score(labels, probabilities, multi_class="ovr"),
        np.histogram(confidence, bins=15, range=(0, 1), weights=predicted == labels),
    )


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["BENCHMARK_THREADS"]))
    keep_freed_memory()
    serve(make_work)
