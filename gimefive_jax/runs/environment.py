"""Records what a run was computed with: versions, source, devices, and digests of its data."""

import dataclasses
import importlib.metadata
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Self

import jax

from gimefive_jax import files, json_records

PACKAGES = ("gimefive-jax", "jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")
NO_CHECKOUT = "not a git checkout"
_GIT_SECONDS = 10


# By keyword alone: the order is that of the file, whose older versions lack some fields.
@dataclasses.dataclass(frozen=True, kw_only=True)
class Environment:
    """Versions, source, processes and devices of a run, and the sha256 of each split."""

    python: str = ""
    platform: str = ""
    packages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Versions of the packages that decide results."""
    source: str = ""
    """Commit of the package's source, or a word that says that it is no checkout."""
    processes: int = 1
    devices: tuple[str, ...] = ()
    data_sha256: Mapping[str, str]
    """sha256 of the decoded images and labels, by name of the split."""

    @classmethod
    def current(cls, *, data_sha256: Mapping[str, str]) -> Self:
        """Describes this process.

        Args:
          data_sha256: sha256 of each split that is trained or validated on.
        """
        return cls(
            python=platform.python_version(),
            platform=platform.platform(),
            packages=package_versions(PACKAGES),
            source=source_commit(Path(__file__)),
            processes=jax.process_count(),
            devices=tuple(str(device) for device in jax.devices()),
            data_sha256=data_sha256,
        )

    def write(self, path: Path) -> None:
        """Writes the file in one step."""
        files.write_json(path, dataclasses.asdict(self))

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Reads the file; None where there is none.

        Raises:
          InputError: The file is damaged.
        """
        mend = "move it away to go on unchecked"
        return json_records.read_json(cls, path, mend=mend) if path.is_file() else None


def package_versions(packages: tuple[str, ...]) -> dict[str, str]:
    """Gives the version of each installed package, by the name of its distribution."""
    return {package: _version(package) for package in packages}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def source_commit(file: Path) -> str:
    """Names the commit of the git checkout that a file belongs to.

    Args:
      file: A source file.

    Returns:
      The commit, with `-dirty` behind it where tracked files differ; a word for no checkout.
    """
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
