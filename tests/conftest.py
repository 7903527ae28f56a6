"""Eight fake devices and checked array shapes for every test."""

import atexit
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator

# Before jax starts: it reads these once.
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"
os.environ["JAX_PLATFORMS"] = "cpu"
# Most of the suite's time is spent on compiling programs that then run once or twice: LLVM does not
# optimise what XLA leaves to it, here and in the commands that tests start.
os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] = "1"
# Programs compiled by one test, or by a command it starts, serve the others; pytest's workers
# have the folder from the process that started them, and whoever names one keeps it.
if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
    os.environ["JAX_COMPILATION_CACHE_DIR"] = tempfile.mkdtemp(prefix="gimefive-tests-")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    atexit.register(shutil.rmtree, os.environ["JAX_COMPILATION_CACHE_DIR"], ignore_errors=True)

# A shell starts what runs in its background with interruptions ignored; commands that tests start
# would inherit that, and rightly ignore them too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from jaxtyping import install_import_hook

# `structs` is left out: rebuilding a pytree checks fields again, which breaks eval_shape.
_CHECKED = [
    "gimefive_jax.audit",
    "gimefive_jax.data",
    "gimefive_jax.evaluation",
    "gimefive_jax.explained",
    "gimefive_jax.explanation",
    "gimefive_jax.faces",
    "gimefive_jax.faithfulness",
    "gimefive_jax.images",
    "gimefive_jax.inference",
    "gimefive_jax.live",
    "gimefive_jax.models",
    "gimefive_jax.preprocess",
    "gimefive_jax.statistics",
    "gimefive_jax.video",
    "data_prep",
]
install_import_hook(_CHECKED, "beartype.beartype")

from pathlib import Path

import jax
import pytest

from data_prep.drawn_faces.records import DrawnNumbers
from data_prep.prepare import prepare
from gimefive_jax.config import ExperimentConfig, replace


def pytest_addoption(parser: pytest.Parser) -> None:
    # Here and not in tests/equivalence: pytest asks for options before it visits sub-folders.
    parser.addoption("--equivalence-report", help="document that gets the differences from PyTorch")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("equivalence_report") and config.getoption("numprocesses"):
        raise pytest.UsageError("--equivalence-report needs one process: add -n 0")


@pytest.fixture(scope="module")
def optimised_programs() -> Iterator[None]:
    """Has a module's programs compiled as users have them, where their rounding is measured."""
    jax.config.update("jax_disable_most_optimizations", False)
    jax.clear_caches()
    yield
    jax.config.update("jax_disable_most_optimizations", True)
    jax.clear_caches()


@pytest.fixture(scope="session")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with a small prepared `drawn_faces`."""
    directory = tmp_path_factory.mktemp("prepared")
    prepare("drawn_faces", data_dir=directory, options=DrawnNumbers(72, 24, 30, 0))
    return directory


@pytest.fixture(scope="session")
def tiny_config(data_directory: Path) -> ExperimentConfig:
    """A GiMeFive that trains in seconds on the small set."""
    return replace(
        ExperimentConfig(),
        {
            "data.name": "drawn_faces",
            "data.directory": str(data_directory),
            "data.image_size": 32,
            "data.augmentation.flip": True,
            "model.width": 0.0625,
            "optimizer.learning_rate": 0.05,
            "training.batch_size": 16,
            "training.num_epochs": 3,
            "training.average_decay": 0.9,
            "evaluation.batch_size": 16,
            "explanation.batch_size": 16,
        },
    )


@pytest.fixture(scope="session")
def tiny_run(tiny_config: ExperimentConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a finished run of `tiny_config`."""
    from gimefive_jax.training.loop import train

    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert train(tiny_config, folder, progress=False).ending == "finished"
    return folder
