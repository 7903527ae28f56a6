"""Finds the columns that a data set has beside image and label, record by record."""

import io
from collections import Counter

import numpy as np
from PIL import Image

from data_prep.records import FaceRecord

NO_BOX = (-1, -1, -1, -1)


class Columns:
    """What the records seen so far hold; a column is there if one of them has it."""

    def __init__(self) -> None:
        self.channels = 1
        self.modes: set[str] = set()
        """PIL's modes of the files as they are; no more than two are looked for."""
        self.has_subject = self.has_box = self.has_attributes = False
        self.vote_names: tuple[str, ...] = ()
        """Names of the categories that were voted on, in the order of their first coming."""
        self.num_landmarks = 0
        """Points of each face; the most of any where sources differ."""
        self.extras: dict[str, tuple[tuple[int, ...], np.dtype]] = {}
        """Shape and type of further columns by name."""
        self.sources: Counter[str] = Counter()
        """Faces by the data set that they come from."""

    @property
    def file_channels(self) -> int | None:
        """Channels of every file, where all are plain grey or all plain colour; None for others."""
        return 1 if self.modes == {"L"} else 3 if self.modes == {"RGB"} else None

    def see(self, record: FaceRecord) -> None:
        """Note what `record` holds."""
        self.channels = max(self.channels, record.channels)
        if len(self.modes) < 2:
            # Of the header alone: nothing is decoded again.
            with Image.open(io.BytesIO(record.image)) as image:
                self.modes.add(image.mode)
        self.has_subject |= bool(record.subject)
        self.has_box |= record.box is not None
        self.has_attributes |= bool(record.attributes)
        if new := [name for name in record.votes if name not in self.vote_names]:
            self.vote_names = (*self.vote_names, *new)
        if record.landmarks is not None:
            self.num_landmarks = max(self.num_landmarks, len(record.landmarks))
        for name, value in record.extras.items():
            self.extras[name] = (value.shape, value.dtype)
        self.sources[record.source] += 1
