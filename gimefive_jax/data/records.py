"""From TFDS records to rows of pixels; the one file of the package that reads through TFDS."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypedDict, cast

import numpy as np
from jaxtyping import UInt8
from tqdm import tqdm

from gimefive_jax.config import DataConfig
from gimefive_jax.data.prepared import PreparedSet, prepare_command
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box, decode, to_pixel_points, to_pixels

_CHUNK = 512
# Faces that a thread takes at a time: a small one costs less to decode than to hand over.
_PIECE = 64
# Bytes of an image file that is decoded sooner than threads have passed the interpreter around.
_SMALL = 4096
_NOT_STORED = ("image", "source", "usage")


class Record(TypedDict, total=False):
    """What every set holds per face, and what some hold besides."""

    image: bytes
    file_name: bytes
    label: int
    pixel_sha256: bytes
    box: np.ndarray
    landmarks: np.ndarray


class _Decoded(NamedTuple):
    """A record with its landmarks, if any, in pixels of the face; and the face."""

    record: Record
    pixels: UInt8[np.ndarray, "height width channel"]


class SplitReader:
    """Reads a physical split once, in order: pixels while it goes, the other columns at the end."""

    def __init__(self, prepared: PreparedSet, split: str, data: DataConfig) -> None:
        self._prepared, self._split, self._data = prepared, split, data
        self._columns: dict[str, list[np.ndarray]] = {}
        num_faces = sum(prepared.splits[split].values())
        self.shape = (num_faces, data.image_size, data.image_size, prepared.channels)

    def chunks(self) -> Iterator[UInt8[np.ndarray, "face height width channel"]]:
        """Decoded faces, some hundred at a time; raises InputError where records are damaged."""
        self._columns = {}
        order = hashlib.sha256()
        with (
            ThreadPoolExecutor() as pool,
            # Short work shows no bar.
            tqdm(
                total=self.shape[0],
                desc=f"decode {self._split}",
                unit=" faces",
                delay=1,
                leave=False,
                disable=None,
            ) as bar,
        ):
            for records in self.records():
                self._check_labels(records)
                for record in records:
                    order.update(record["pixel_sha256"])
                pieces = (records[i : i + _PIECE] for i in range(0, len(records), _PIECE))
                small = sum(len(record["image"]) for record in records) < _SMALL * len(records)
                decode_all = map if small else pool.map
                decoded = [face for piece in decode_all(self._decode, pieces) for face in piece]
                self._keep_columns([face.record for face in decoded])
                faces = np.stack([face.pixels for face in decoded])
                bar.update(len(faces))
                yield faces
        if order.hexdigest() != self._prepared.order[self._split]:
            raise self._damaged("its rows are not in the order that they were written in")

    def columns(self) -> dict[str, np.ndarray]:
        """Every other feature of the rows that `chunks` has passed, by name; handed out once."""
        # Each is let go before the next is joined, or all would be there twice.
        return {name: np.concatenate(self._columns.pop(name)) for name in list(self._columns)}

    def records(self) -> Iterator[Sequence[Record]]:
        """Records as they are stored, some hundred at a time; InputError where they are damaged."""
        # Imported here: a split that is decoded already needs no tensorflow_datasets.
        import tensorflow_datasets as tfds

        try:
            builder = tfds.builder_from_directory(self._prepared.path)
            source = builder.as_data_source(
                self._split, decoders={"image": tfds.decode.SkipDecoding()}
            )
            if len(source) != self.shape[0]:
                raise self._damaged(f"it holds {len(source)} rows instead of {self.shape[0]}")
            for start in range(0, len(source), _CHUNK):
                yield source.__getitems__(range(start, min(start + _CHUNK, len(source))))
        except InputError:
            raise
        except (OSError, ValueError, RuntimeError, IndexError) as error:
            raise self._damaged(str(error).splitlines()[0]) from error

    def _check_labels(self, records: Sequence[Record]) -> None:
        num_emotions = len(self._prepared.emotions)
        for record in records:
            # -1 is what TFDS stores for a face that nobody has labelled.
            if not 0 <= record.get("label", -1) < num_emotions:
                raise InputError(
                    f"split '{self._split}' in {self._prepared.path} has no labels "
                    f"({record['file_name'].decode()} has none of {num_emotions} categories), and "
                    "nothing can be measured or learned without; classify its faces with "
                    "`gimefive predict`, or label them and prepare the set again"
                )

    def _keep_columns(self, records: Sequence[Record]) -> None:
        # As arrays at once, text as its bytes: lists of a million strings would take gigabytes.
        narrow = {"i": np.int32, "f": np.float32}
        for name in records[0]:
            if name in _NOT_STORED:
                continue
            values = [cast(Mapping[str, Any], record)[name] for record in records]
            if name == "pixel_sha256":
                hashes = bytes.fromhex(b"".join(values).decode())
                column = np.frombuffer(hashes, np.uint8).reshape(-1, 32)
            else:
                column = np.array(values)
                column = column.astype(narrow.get(column.dtype.kind, column.dtype), copy=False)
            self._columns.setdefault(name, []).append(column)

    def _decode(self, records: Sequence[Record]) -> list[_Decoded]:
        return [self._decode_one(record) for record in records]

    def _decode_one(self, record: Record) -> _Decoded:
        name = record["file_name"].decode()
        image = decode(record["image"], name=name)
        if self._prepared.channels == 3 and image.mode == "L":
            # A grey image of a colour set; the grey formula gives the same grey back.
            image = image.convert("RGB")
        corner = (0, 0)
        if self._data.crop == "box" and "box" in record and min(record["box"]) >= 0:
            image = Box.from_corners(*record["box"].tolist()).cut(image, name=name)
            corner = (int(record["box"][0]), int(record["box"][1]))
        size, fit = self._data.image_size, self._data.fit
        if "landmarks" in record:
            # In pixels of the file; whoever opens the split knows only the face's.
            points = to_pixel_points(record["landmarks"] - corner, image.size, size, fit=fit)
            record = {**record, "landmarks": points.astype(np.float32)}
        return _Decoded(record, to_pixels(image, size, fit=fit))

    def _damaged(self, reason: str) -> InputError:
        prepared = self._prepared
        source_name = prepared.source_name
        command = prepare_command(prepared.name, prepared.variant, source_name=source_name)
        return InputError(
            f"prepared split '{self._split}' in {prepared.path} is damaged ({reason}); remove the "
            f"folder and run `{command}`"
        )
