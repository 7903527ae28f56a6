"""The data sets that `gimefive data prepare` knows by name, and what each is prepared from."""

from collections.abc import Mapping
from typing import NamedTuple


class KnownSet(NamedTuple):
    """A data set, or a way to bring one's own."""

    name: str
    origin: str
    """What it is and where it comes from, in words."""
    raw: str = ""
    """What `--raw` takes, in words; empty where nothing is downloaded."""
    is_own: bool = False
    """Whether it is the user's own, with a name of its own."""
    paper_title: str = ""
    """What the table of the paper's results calls it; empty where it has no row there."""


_SETS = (
    KnownSet(
        "fer2013",
        "FER2013: your own download as a zip, folder or csv (--raw PATH)",
        raw="zip, folder or csv",
        paper_title="FER2013",
    ),
    KnownSet(
        "raf_db",
        "RAF-DB, basic emotions: your own download, or a folder by class (--raw PATH)",
        raw="zip or folder",
        paper_title="RAF-DB",
    ),
    KnownSet(
        "affectnet",
        "AffectNet: your own download in any of its three layouts (--raw PATH)",
        raw="zip or folder",
    ),
    KnownSet(
        "ck_plus",
        "CK+, the last frame of each labelled sequence: your own download (--raw PATH)",
        raw="zip or folder",
    ),
    KnownSet(
        "tfeid",
        "TFEID, frontal posed faces: your own download (--raw PATH)",
        raw="zip or folder",
    ),
    KnownSet("expw", "ExpW, faces with boxes: your own download (--raw PATH)", raw="zip or folder"),
    KnownSet(
        "folders",
        "any folder or zip of folders named after categories (--raw PATH --set-name NAME)",
        raw="zip or folder",
        is_own=True,
    ),
    KnownSet(
        "table",
        "any csv of files and labels (--raw PATH --set-name NAME)",
        raw="zip, folder or csv",
        is_own=True,
    ),
    KnownSet(
        "gimefive",
        "the paper's aggregate of those of its sets that are prepared already",
        paper_title="aggregate",
    ),
    KnownSet("drawn_faces", "drawn faces with known landmarks and evidence; needs no download"),
)
KNOWN_SETS: Mapping[str, KnownSet] = {known.name: known for known in _SETS}
