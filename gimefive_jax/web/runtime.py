"""The files of onnxruntime-web that the page loads, from its npm package of one exact version."""

import base64
import contextlib
import hashlib
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

from gimefive_jax.errors import InputError

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = (
    "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR"
    "4CXAfKYQ=="
)
"""Of the package, as the registry has it."""
FILES: Mapping[str, str] = MappingProxyType(
    {
        "ort.wasm.bundle.min.mjs": (
            "sha512-1KcF8CWAZeqtTcvLgKPtOMXIbkWeh++LDCQpDhQ5ARVxHAL1VNL5rr0OI+MxTbmNIANldE/A/q+O4g"
            "SKgSMjWQ=="
        ),
        "ort-wasm-simd-threaded.wasm": (
            "sha512-Gt7e1iIDIZ/PXEhM/OVleqWHVom0kEI/hs8cod0crXcV9jDGM39B23HuQnlOOgDOC3x4k5pxIgtdgz"
            "aL9up3MA=="
        ),
    }
)
"""Those that are taken, with the checksums that they have in this package."""
_LICENCE = Path(__file__).parent / "LICENSE-onnxruntime.txt"
_SECONDS = 300


@contextlib.contextmanager
def found_runtime(place: Path | None) -> Iterator["Runtime"]:
    """Yields the package, which lies in a temporary folder if it was fetched.

    Args:
      place: Where it is: the package as `npm pack` fetches it, or a folder that holds it or has it
        in `node_modules`. None fetches it by npm.

    Raises:
      InputError: It is not there, is another version or has other bytes, or npm cannot fetch it.
    """
    if place is not None:
        yield Runtime(place)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Runtime(_fetch(Path(folder)))


class Runtime:
    """A package of which the version and every byte that is taken are known.

    Args:
      place: See `found_runtime`.

    Raises:
      InputError: As there.
    """

    def __init__(self, place: Path) -> None:
        self._files = _from_tarball(place) if place.is_file() else _from_folder(place)
        for name, data in self._files.items():
            if integrity(data) != FILES[name]:
                raise _wrong(place, f"its {name} has another checksum than that of {VERSION}")

    def write(self, folder: Path) -> None:
        """Writes what the page loads, and the licence that it is under.

        Args:
          folder: Made by this.
        """
        folder.mkdir()
        for name, data in self._files.items():
            (folder / name).write_bytes(data)
        # The package itself comes without the text of its licence.
        shutil.copyfile(_LICENCE, folder / "LICENSE.txt")


def _from_tarball(path: Path) -> dict[str, bytes]:
    try:
        data = path.read_bytes()
        if integrity(data) != INTEGRITY:
            raise _wrong(path, "its checksum is another")
        with tarfile.open(path) as package:
            members = {name: package.extractfile(f"package/dist/{name}") for name in FILES}
            return {name: file.read() for name, file in members.items() if file is not None}
    except (OSError, KeyError, tarfile.TarError) as error:
        raise _wrong(path, f"it cannot be read ({error})") from error


def _from_folder(path: Path) -> dict[str, bytes]:
    inside = path / "node_modules" / PACKAGE
    folder = inside if inside.is_dir() else path
    try:
        facts = json.loads((folder / "package.json").read_text())
        if (facts["name"], facts["version"]) != (PACKAGE, VERSION):
            raise _wrong(path, f"it is {facts['name']} {facts['version']}")
        return {name: (folder / "dist" / name).read_bytes() for name in FILES}
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, InputError):
            raise
        raise _wrong(path, "it holds no such package") from error


def _fetch(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(
            f"npm, which fetches {PACKAGE} {VERSION}, is not installed; install Node.js, or name "
            "the package with --runtime"
        )
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--ignore-scripts"]
    try:
        done = subprocess.run(
            [*command, "--pack-destination", str(folder)],
            capture_output=True, text=True, errors="replace", timeout=_SECONDS,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_fetched(str(error)) from error
    [*packages] = folder.glob("*.tgz")
    if done.returncode or len(packages) != 1:
        raise _not_fetched((done.stderr or done.stdout).strip() or f"status {done.returncode}")
    return packages[0]


def _not_fetched(reason: str) -> InputError:
    return InputError(
        f"npm cannot fetch {PACKAGE} {VERSION} ({reason}); mend its network, or name the package "
        "with --runtime"
    )


def _wrong(place: Path, reason: str) -> InputError:
    return InputError(
        f"{place} must be {PACKAGE} {VERSION} as its registry has it, and {reason}; fetch it anew "
        f"by npm pack {PACKAGE}@{VERSION}"
    )


def integrity(data: bytes) -> str:
    """Gives the checksum of some bytes as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
