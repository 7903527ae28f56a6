"""Data sets whose records a test makes up."""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data_prep import sources
from data_prep.prepare import Prepared, prepare_request
from data_prep.records import FaceRecord, Part, SkippedImage, make_record
from data_prep.source import Download, Request
from gimefive_jax.config import DataConfig
from gimefive_jax.data import Split, open_split
from gimefive_jax.emotions import EMOTIONS
from gimefive_jax.known_sets import KnownSet


def face(
    number: int,
    *,
    emotion: str | None = None,
    part: Part = "whole",
    size: tuple[int, int] = (20, 20),
    source: str = "made_up",
    **more: object,
) -> FaceRecord:
    pixels = np.random.default_rng(number).integers(0, 256, size, np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    record = make_record(
        file.getvalue(),
        emotion=emotion or EMOTIONS[number % 6],
        file_name=f"{number}.png",
        source=source,
        usage="all",
        part=part,
        **more,  # type: ignore[arg-type]
    )
    assert isinstance(record, FaceRecord)
    return record


def faces(number: int, **more: object) -> list[FaceRecord]:
    return [face(i, **more) for i in range(number)]  # type: ignore[arg-type]


class MadeUp:
    """A data set whose reader yields what a test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.monkeypatch, self.folder = monkeypatch, folder

    def prepare(
        self,
        records: Iterable[FaceRecord | SkippedImage],
        *,
        name: str = "made_up",
        exclude: Path | None = None,
        set_name: str = "",
    ) -> Prepared:
        known = KnownSet(name, "made up", raw="folder")
        made = Download(known, "Made up.", lambda _: iter(records))
        self.monkeypatch.setattr(sources, "SOURCES", {**sources.SOURCES, name: made})
        (self.folder / "raw").mkdir(exist_ok=True)
        request = Request(name, raw=self.folder / "raw", exclude=exclude, set_name=set_name)
        return prepare_request(request, data_dir=self.folder / "tfds")

    def open(self, split: str, *, name: str = "made_up", **data: object) -> Split:
        config = DataConfig(name=name, directory=str(self.folder / "tfds"), image_size=32, **data)  # type: ignore[arg-type]
        return open_split(config, split)
