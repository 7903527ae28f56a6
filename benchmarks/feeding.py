"""How fast prepared faces reach the device, and how long training waits for them.

    python benchmarks/feeding.py [--data-dir FOLDER] [--width 0.25] [--num-steps 160]

Uses the train split of a prepared `fer2013` at 64x64; where none is prepared, as many 48x48 grey
JPEG files of noise are generated, prepared and decoded in a temporary folder. Prints

- images/s of global batches on the device, one after another, each waited for: index, gather and
  transfer, for batches of 64 and 256. `host, at once` does the three in turn; `host` is what
  training uses (two batches ahead, in a thread); `device` gathers from a split that lies there;
- images/s of decoding JPEG and resizing to 64x64 by PIL alone, and of decoding a split as
  `open_split` does, with its records read through TFDS;
- the peak memory of the process (VmHWM, with mapped pages of files) after each of these;
- the share of training time that goes to data: groups of steps on batches from the feed and on one
  batch that stays on the device, in turn; 1 - median of the pairwise ratios of their times.
"""

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jax
import numpy as np
from PIL import Image

from gimefive_jax import parallel
from gimefive_jax.config import DataConfig, ExperimentConfig, replace
from gimefive_jax.data import (
    BatchOrRows,
    Feed,
    Split,
    open_feed,
    open_split,
    select,
    training_batch,
)
from gimefive_jax.data.prepared import find_prepared
from gimefive_jax.data.records import SplitReader
from gimefive_jax.errors import InputError
from gimefive_jax.images import decode, to_pixels
from gimefive_jax.models import make_model
from gimefive_jax.structs import Batch
from gimefive_jax.training.optimizer import make_optimizer, make_schedule
from gimefive_jax.training.step import init_state, make_train_steps

# FER2013's six-class train part, of which a tenth validates.
_NUM_GENERATED = 23_742
_NUM_TEST = 60
# As the loop of training: so many steps are dispatched before it waits.
_STEPS_AHEAD = 8


def main() -> None:
    arguments = _parse()
    with tempfile.TemporaryDirectory() as folder:
        data = _find_data(arguments, Path(folder))
        split = open_split(data, "train")
        print(f"{split.data_name} train: {len(split):,} faces, {split.images.shape[1:]}")
        print(f"{jax.devices()[0].device_kind} x {len(jax.devices())}, jax {jax.__version__}\n")
        print(f"peak memory after opening: {_peak()}")
        for batch_size in (64, 256):
            _measure_batches(split, batch_size, repeats=arguments.repeats)
        print(f"peak memory after feeding: {_peak()}")
        _measure_waiting(split, arguments)
        print(f"peak memory after training: {_peak()}")
        _measure_decoding(data)
        print(f"peak memory after decoding: {_peak()}")


def _find_data(arguments: argparse.Namespace, folder: Path) -> DataConfig:
    data = DataConfig(directory=str(arguments.data_dir or ""))
    try:
        find_prepared(data)
    except InputError:
        from data_prep.prepare import prepare

        print("fer2013 is not prepared: generated JPEG files in its layout instead")
        _write_noise(folder / "raw")
        prepare("fer2013", raw=folder / "raw", data_dir=folder)
        return DataConfig(directory=str(folder))
    return data


def _write_noise(folder: Path) -> None:
    random = np.random.default_rng(0)
    names = ("happy", "surprise", "sad", "angry", "disgust", "fear")
    for number in range(_NUM_GENERATED + _NUM_TEST):
        part, usage = ("test", "PublicTest") if number < _NUM_TEST else ("train", "Training")
        path = folder / part / names[number % 6] / f"{usage}_{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Coarse noise, enlarged: about as many bytes as a face.
        coarse = random.integers(0, 256, (12, 12), np.uint8)
        file = io.BytesIO()
        Image.fromarray(coarse).resize((48, 48)).save(file, "JPEG", quality=90)
        path.write_bytes(file.getvalue())


def _measure_batches(split: Split, batch_size: int, *, repeats: int) -> None:
    mesh = parallel.make_mesh()
    num_batches = len(split) // batch_size

    def at_once(step: int) -> Batch:
        return parallel.put_rows(training_batch(split, step, batch_size=batch_size, seed=0), mesh)

    def report(name: str, batch: Callable[[int], BatchOrRows]) -> None:
        jax.block_until_ready(batch(0))
        speeds = []
        for repeat in range(repeats):
            # Another epoch each time, with its permutation.
            steps = range(repeat * num_batches, (repeat + 1) * num_batches)
            started = time.perf_counter()
            for step in steps:
                jax.block_until_ready(batch(step))
            speeds.append(num_batches * batch_size / (time.perf_counter() - started))
        print(
            f"batches of {batch_size:3}, {name:13} {statistics.median(speeds):11,.0f} images/s "
            f"({min(speeds):,.0f} to {max(speeds):,.0f} of {repeats} epochs)"
        )

    report("host, at once", at_once)
    for placement in ("host", "device"):
        with open_feed(
            split, placement=placement, batch_size=batch_size, seed=0, mesh=mesh
        ) as feed:
            gather = jax.jit(select, out_shardings=parallel.rows(mesh, axis=1))

            def batch(step: int, feed: Feed = feed) -> BatchOrRows:
                sent = feed.send(step)
                # In training this is a part of the step's program.
                return sent if feed.resident is None else gather(feed.resident, sent)  # noqa: B023 - called at once

            report(placement, batch)


def _measure_waiting(split: Split, arguments: argparse.Namespace) -> None:
    config = replace(
        ExperimentConfig(),
        {"model.width": arguments.width, "training.batch_size": arguments.batch_size},
    )
    mesh, model = parallel.make_mesh(), make_model(config.model)
    optimizer = make_optimizer(
        config.optimizer, make_schedule(config.optimizer, steps_per_epoch=1, num_steps=1)
    )
    train_steps = make_train_steps(model, optimizer, config, mesh)
    for placement in ("host", "device"):
        state = parallel.put_replicated(init_state(model, optimizer, config), mesh)
        with open_feed(
            split, placement=placement, batch_size=arguments.batch_size, seed=0, mesh=mesh
        ) as feed:
            same, times, step = feed.send(0), [], 0
            state, _ = jax.block_until_ready(train_steps(state, feed.resident, same))
            for _ in range(arguments.num_steps // _STEPS_AHEAD):
                pair = []
                for fed in (True, False):
                    started = time.perf_counter()
                    for _ in range(_STEPS_AHEAD):
                        sent = feed.send(step) if fed else same
                        state, _ = train_steps(state, feed.resident, sent)
                        step += fed
                    jax.block_until_ready(state)
                    pair.append(time.perf_counter() - started)
                times.append(pair)
        fed_times, resident_times = zip(*times, strict=True)
        ratio = statistics.median(resident / fed for fed, resident in times)
        print(
            f"training, {placement:6} fed {1e3 * statistics.median(fed_times) / _STEPS_AHEAD:.2f} "
            f"ms/step, resident {1e3 * statistics.median(resident_times) / _STEPS_AHEAD:.2f} "
            f"ms/step: {100 * (1 - ratio):.2f} % of the time goes to data "
            f"(width {arguments.width}, batch {arguments.batch_size}, {len(times)} pairs)"
        )


def _measure_decoding(data: DataConfig) -> None:
    import tensorflow_datasets as tfds

    prepared = find_prepared(data)
    source = tfds.builder_from_directory(prepared.path).as_data_source(
        "train", decoders={"image": tfds.decode.SkipDecoding()}
    )
    records = source.__getitems__(range(min(8192, len(source))))
    images = [record["image"] for record in records]
    pieces = [images[i : i + 64] for i in range(0, len(images), 64)]

    def to_rows(piece: list[bytes]) -> np.ndarray:
        return np.stack([to_pixels(decode(image), data.image_size) for image in piece])

    with ThreadPoolExecutor() as pool:
        for name, work in (("one thread", map), (f"{os.cpu_count()} cores", pool.map)):
            started = time.perf_counter()
            list(work(to_rows, pieces))
            speed = len(images) / (time.perf_counter() - started)
            print(f"decoding and resizing alone, {name}: {speed:,.0f} images/s")
    reader = SplitReader(prepared, "train", data)
    started, count = time.perf_counter(), 0
    for faces in reader.chunks():
        count += len(faces)
    speed = count / (time.perf_counter() - started)
    print(f"decoding a split, reading through TFDS included: {speed:,.0f} images/s")


def _peak() -> str:
    lines = Path("/proc/self/status").read_text().splitlines()
    found = dict(line.split(":", 1) for line in lines)
    peak, anonymous = (int(found[name].split()[0]) * 1024 / 1e6 for name in ("VmHWM", "RssAnon"))
    return f"{peak:.0f} MB (anonymous now: {anonymous:.0f} MB)"


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder of prepared data sets")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--width", type=float, default=0.25)
    parser.add_argument("--batch-size", type=int, default=64, help="of training")
    parser.add_argument("--num-steps", type=int, default=160, help="steps of training, twice")
    return parser.parse_args()


if __name__ == "__main__":
    main()
