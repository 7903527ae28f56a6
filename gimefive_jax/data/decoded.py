"""Decodes a physical split once, to one uint8 array on disk that later runs map into memory."""

import dataclasses
import hashlib
import json
import logging
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
from jaxtyping import Int, UInt8

from gimefive_jax.config import DataConfig
from gimefive_jax.data.prepared import PreparedSet
from gimefive_jax.data.records import SplitReader
from gimefive_jax.files import file_sha256, in_turn, replacing_folder, write_json
from gimefive_jax.json_records import JsonObject

# Raised when the same records come out as other arrays.
_DECODER_VERSION = 4
_DAMAGED = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)
# Files whose content this process has compared with their manifest: (path, inode, time of change).
_verified: set[tuple[str, int, int]] = set()


@dataclasses.dataclass(frozen=True)
class DecodedSplit:
    """Every row of a physical split, in order."""

    images: UInt8[np.ndarray, "face height width channel"]
    columns: Mapping[str, np.ndarray]
    """`label`, `file_name` and whatever else the set holds per face, such as `landmarks`."""
    digest: str


def open_decoded(prepared: PreparedSet, split: str, data: DataConfig) -> DecodedSplit:
    """Gives the decoded rows of a physical split.

    They are read from disk if they are whole and current there, else decoded now. Where nothing can
    be written they are held in memory, with a logged warning.

    Args:
      prepared: The data set.
      split: One of its physical splits.
      data: Size and fit of the faces.

    Returns:
      Every row, in order.

    Raises:
      InputError: If records are damaged.
    """
    folder = (
        prepared.path
        / "decoded"
        / f"{split}-{data.image_size}-{data.fit}{'' if data.crop == 'box' else '-whole'}"
    )
    wanted: JsonObject = {
        "decoder_version": _DECODER_VERSION,
        "fingerprint": prepared.fingerprint,
        "order": prepared.order[split],
        "image_size": data.image_size,
        "fit": data.fit,
        "crop": data.crop,
        "channels": prepared.channels,
    }
    if stored := _read(folder, wanted, prepared.emotions):
        return stored
    try:
        with in_turn(folder.parent):
            # Another process may have decoded the split while this one waited.
            if stored := _read(folder, wanted, prepared.emotions):
                return stored
            _clean(folder)
            _write(SplitReader(prepared, split, data), folder, wanted, prepared.emotions)
    except OSError as error:
        logging.getLogger(__name__).warning(
            "%s cannot be written (%s): decoded images stay in memory, for this run only",
            folder,
            error.strerror or error,
        )
        return _decode_to_memory(SplitReader(prepared, split, data), prepared.emotions)
    if stored := _read(folder, wanted, prepared.emotions):
        return stored
    raise OSError(f"{folder} was written but reads back differently; check the disk")


def digest_of(
    images: UInt8[np.ndarray, "face height width channel"],
    labels: Int[np.ndarray, " face"],
    emotions: tuple[str, ...],
) -> str:
    """Computes what tells two splits apart.

    Args:
      images: uint8 `[face, height, width, channel]`.
      labels: `[face]`.
      emotions: Names of the labels.

    Returns:
      sha256 over shape, pixels, labels and their names, in hexadecimal digits.
    """
    return _digest(images.shape, [np.ascontiguousarray(images).data], labels, emotions)


def _digest_of_file(path: Path, labels: Int[np.ndarray, " face"], emotions: tuple[str, ...]) -> str:
    """`digest_of` the array in a file, read in pieces: mapped, it would count as our memory."""
    with path.open("rb") as file:
        np.lib.format.read_magic(file)
        shape, _, _ = np.lib.format.read_array_header_1_0(file)
        return _digest(shape, iter(lambda: file.read(2**20), b""), labels, emotions)


def _digest(
    shape: tuple[int, ...],
    pixels: Iterable[bytes | memoryview],
    labels: Int[np.ndarray, " face"],
    emotions: tuple[str, ...],
) -> str:
    digest = hashlib.sha256(json.dumps([shape, emotions]).encode())
    for piece in pixels:
        digest.update(piece)
    digest.update(np.ascontiguousarray(labels, dtype=np.int32).data)
    return digest.hexdigest()


def _read(folder: Path, wanted: JsonObject, emotions: tuple[str, ...]) -> DecodedSplit | None:
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if any(manifest[name] != value for name, value in wanted.items()):
            return None
        images = np.load(folder / "images.npy", mmap_mode="r", allow_pickle=False)
        # Opened here: of a damaged file numpy would leave the closing to the garbage collector.
        with (
            (folder / "columns.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            columns = {name: stored[name] for name in stored.files}
        decoded = DecodedSplit(images, columns, digest=manifest["digest"])
        return decoded if _is_whole(folder, decoded, manifest, emotions) else None
    except _DAMAGED:
        # Absent or damaged: decoding again mends both.
        return None


def _is_whole(
    folder: Path,
    decoded: DecodedSplit,
    manifest: JsonObject,
    emotions: tuple[str, ...],
) -> bool:
    files = [folder / "images.npy", folder / "columns.npz"]
    keys = {(str(file), file.stat().st_ino, file.stat().st_mtime_ns) for file in files}
    if keys <= _verified:
        return True
    whole = decoded.digest == _digest_of_file(
        folder / "images.npy", decoded.columns["label"], emotions
    ) and manifest["columns_sha256"] == file_sha256(folder / "columns.npz")
    if whole:
        _verified.update(keys)
    return whole


def _write(
    reader: SplitReader, folder: Path, wanted: JsonObject, emotions: tuple[str, ...]
) -> None:
    with replacing_folder(folder) as temporary:
        # Written in pieces: mapped memory on a full disk would kill the process instead of raising.
        with (temporary / "images.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(
                file,
                {
                    "descr": np.lib.format.dtype_to_descr(np.dtype(np.uint8)),
                    "fortran_order": False,
                    "shape": reader.shape,
                },
            )
            for faces in reader.chunks():
                file.write(faces.data)
        columns = reader.columns()
        np.savez(temporary / "columns.npz", **columns)  # type: ignore[arg-type]
        manifest = {
            **wanted,
            "digest": _digest_of_file(temporary / "images.npy", columns["label"], emotions),
            "columns_sha256": file_sha256(temporary / "columns.npz"),
        }
        write_json(temporary / "manifest.json", manifest)


def _decode_to_memory(reader: SplitReader, emotions: tuple[str, ...]) -> DecodedSplit:
    images = np.empty(reader.shape, np.uint8)
    row = 0
    for faces in reader.chunks():
        images[row : row + len(faces)] = faces
        row += len(faces)
    columns = reader.columns()
    return DecodedSplit(images, columns, digest=digest_of(images, columns["label"], emotions))


def _clean(folder: Path) -> None:
    # What a killed run left of this very array: nobody reads it, but it fills the disk.
    for leftover in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(leftover, ignore_errors=True)
