"""`environment.json` of a run folder: what the run was computed with."""

import importlib.metadata
import platform
import subprocess
from pathlib import Path

import jax

from gimefive_jax import files

ENVIRONMENT = "environment.json"
PACKAGES = ("gimefive-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")
NO_CHECKOUT = "not a git checkout"
_GIT_SECONDS = 10


def write_environment(folder: Path, *, data: dict[str, str]) -> None:
    """Versions, source, processes, devices and the sha256 of each split's content."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    files.write_json(
        folder / ENVIRONMENT,
        {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": versions,
            "source": source_commit(Path(__file__)),
            "processes": jax.process_count(),
            "devices": [str(device) for device in jax.devices()],
            "data_sha256": data,
        },
    )


def source_commit(file: Path) -> str:
    """Commit of the git checkout that `file` belongs to, `-dirty` where tracked files differ."""
    commands = (
        # Installed below somebody else's checkout, the file is not one of theirs.
        ["ls-files", "--error-unmatch", file.name],
        ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
    )
    output = ""
    for command in commands:
        try:
            done = subprocess.run(
                ["git", *command],
                cwd=file.parent,
                capture_output=True,
                text=True,
                check=True,
                timeout=_GIT_SECONDS,
            )
        except (OSError, subprocess.SubprocessError):
            return NO_CHECKOUT
        output = done.stdout.strip()
    return output or NO_CHECKOUT
