"""Whether memory stays flat when a data set grows: tiny faces prepared, opened and fed.

    python benchmarks/million.py [--num-records 100000 1000000] [--num-batches 200]

For each number: that many different 8x8 grey PNG files are generated one after another, as the
reader of a download would yield them, and go through `data_prep` into a TFDS folder (stage
`prepare`); the train split is decoded at 32x32 (stage `decode`); a new process opens it, verifies
its sha256 and takes batches through the feed that training uses (stage `feed`). Every stage runs
in a fresh process, which reports its own peaks:

- `peak` is VmHWM: the most memory that ever counted as the process's, with the pages of files that
  were mapped at that time (they can be taken back at any moment, but tools count them);
- `anonymous` is RssAnon at the stage's end: what only the process can give back.
"""

import argparse
import dataclasses
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_EMOTIONS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
_IMAGE_SIZE = 32


def main() -> None:
    arguments = _parse()
    if arguments.stage:
        _run_stage(arguments)
        return
    print("| records | stage | seconds | peak, MB | anonymous at the end, MB |")
    print("|---|---|---|---|---|")
    peaks: dict[int, float] = {}
    for number in arguments.num_records:
        with tempfile.TemporaryDirectory(dir=arguments.workdir) as folder:
            for stage in _STAGES:
                report = _start(stage, number, Path(folder), arguments.num_batches)
                peaks[number] = max(peaks.get(number, 0.0), report["peak"])
                print(
                    f"| {number:,} | {stage} | {report['seconds']:.0f} | {report['peak']:.0f} "
                    f"| {report['anonymous']:.0f} |",
                    flush=True,
                )
    least, most = min(peaks), max(peaks)
    if least < most:
        allowed = 1.3 * peaks[least] + 100
        print(
            f"\npeak of all stages: {peaks[least]:.0f} MB for {least:,}, {peaks[most]:.0f} MB for "
            f"{most:,}, {peaks[most] / peaks[least]:.2f} times as much; the goal is at most "
            f"1.3 times plus 100 MB = {allowed:.0f} MB: "
            f"{'kept' if peaks[most] <= allowed else 'missed'}"
        )


def _start(stage: str, number: int, folder: Path, num_batches: int) -> dict[str, float]:
    command = [sys.executable, __file__, "--stage", stage, "--num-records", str(number)]
    command += ["--workdir", str(folder), "--num-batches", str(num_batches)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    report: dict[str, float] = json.loads(output.splitlines()[-1])
    return report


def _run_stage(arguments: argparse.Namespace) -> None:
    started = time.monotonic()
    _STAGES[arguments.stage](arguments)
    report = {
        "seconds": time.monotonic() - started,
        "peak": _status("VmHWM"),
        "anonymous": _status("RssAnon"),
    }
    print(json.dumps(report))


def _prepare(arguments: argparse.Namespace) -> None:
    from data_prep import sources
    from data_prep.prepare import prepare
    from data_prep.source import Download
    from gimefive_jax.known_sets import KnownSet

    [number] = arguments.num_records
    known = KnownSet("generated", "generated faces", raw="any file")
    generated = Download(known, "Generated faces.", lambda _: _read_records(number))
    sources.SOURCES = {**sources.SOURCES, "generated": generated}
    raw = arguments.workdir / "raw"
    raw.write_text(str(number))
    prepare("generated", raw=raw, data_dir=arguments.workdir)


def _read_records(number: int) -> Iterator[object]:
    import numpy as np

    from data_prep.records import make_record
    from gimefive_jax.images import encode_png

    for i in range(number):
        # All of 32 bytes of a hash and their complement: no two faces are equal.
        digest = np.frombuffer(hashlib.sha256(str(i).encode()).digest(), np.uint8)
        pixels = np.concatenate([digest, ~digest]).reshape(8, 8)
        yield make_record(
            encode_png(pixels),
            emotion=_EMOTIONS[i % 6],
            file_name=f"{i:07d}.png",
            source="generated",
            usage="train",
            part="train",
        )


def _decode(arguments: argparse.Namespace) -> None:
    from gimefive_jax.data import open_split

    open_split(_data_config(arguments), "train")


def _feed(arguments: argparse.Namespace) -> None:
    import jax

    from gimefive_jax import parallel
    from gimefive_jax.data import open_feed, open_split

    split = open_split(_data_config(arguments), "train")
    mesh = parallel.make_mesh()
    with open_feed(split, placement="host", batch_size=64, seed=0, mesh=mesh) as feed:
        for step in range(arguments.num_batches):
            jax.block_until_ready(feed.send(step))


def _data_config(arguments: argparse.Namespace) -> object:
    from gimefive_jax.config import DataConfig

    data = DataConfig(name="generated", directory=str(arguments.workdir))
    return dataclasses.replace(data, image_size=_IMAGE_SIZE)


_STAGES: dict[str, Callable[[argparse.Namespace], None]] = {
    "prepare": _prepare,
    "decode": _decode,
    "feed": _feed,
}


def _status(name: str) -> float:
    """A line of /proc/self/status in MB (10^6 bytes)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(f"{name}:")]
    return int(line.split()[1]) * 1024 / 1e6


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-records", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--num-batches", type=int, default=200, help="batches of 64 to feed")
    parser.add_argument("--workdir", type=Path, help="where the temporary folders are made")
    parser.add_argument("--stage", choices=("prepare", "decode", "feed"), help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
