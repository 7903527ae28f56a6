"""How long `gimefive predict small photo` takes the first time on a machine, and later.

    python benchmarks/first_photo.py photo.jpg [--pictures] [--detector litert]

Compiled programs are kept in a folder of its own, which is empty at first. Each run is a process of
its own, so importing, reading the weights and compiling count. Quote it of an idle machine.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

_CODE = "import sys; from gimefive_jax.cli import main; sys.exit(main())"
_CACHE = "JAX_COMPILATION_CACHE_DIR"
_LATER_RUNS = 3


def seconds(photo: Path, folder: Path, *, pictures: bool, detector: str) -> float:
    """Seconds of one run of the command, which keeps its programs in `folder`."""
    words = ["predict", "small", str(photo), "--out", str(folder / "rows.csv")]
    words += ["--detector", detector]
    words += ["--pictures-dir", str(folder / "pictures")] if pictures else []
    kept = {name: value for name, value in os.environ.items() if name != _CACHE}
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", _CODE, *words],
        env={**kept, "XDG_CACHE_HOME": str(folder)},
        check=True,
        stderr=subprocess.DEVNULL,
    )
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photo", type=Path)
    parser.add_argument("--pictures", action="store_true", help="with an annotated picture")
    parser.add_argument("--detector", default="blazeface", choices=("blazeface", "litert"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            seconds(
                arguments.photo,
                Path(folder),
                pictures=arguments.pictures,
                detector=arguments.detector,
            )
            for _ in range(1 + _LATER_RUNS)
        ]
    later = ", ".join(f"{run:.1f}" for run in runs[1:])
    print(f"first run {runs[0]:.1f} s; later ones {later} s ({os.cpu_count()} CPU cores)")


if __name__ == "__main__":
    main()
