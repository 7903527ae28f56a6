"""The data sets that can be prepared, in one list."""

import dataclasses
from collections.abc import Mapping

from data_prep import affectnet, ck_plus, expw, raf_db, tfeid
from data_prep.aggregate import Aggregate
from data_prep.drawn_faces.records import DrawnFaces
from data_prep.fer2013 import Fer2013
from data_prep.own import OwnFolders, OwnTable
from data_prep.source import Download, Options, Request, Source, is_name
from gimefive_jax.emotions import VARIANTS
from gimefive_jax.errors import InputError, nearest
from gimefive_jax.known_sets import KNOWN_SETS

_ALL: tuple[Source, ...] = (
    Fer2013(
        KNOWN_SETS["fer2013"],
        "FER2013: faces found by an image search, 48x48 grey, labelled by one person each.",
    ),
    Download(
        KNOWN_SETS["raf_db"],
        "RAF-DB, basic emotions: faces from the web, labelled by about 40 people each.",
        raf_db.read_records,
    ),
    Download(
        KNOWN_SETS["affectnet"],
        "AffectNet: faces from the web, labelled by one person each.",
        affectnet.read_records,
        variants=tuple(VARIANTS),
    ),
    Download(
        KNOWN_SETS["ck_plus"],
        "CK+: the last frame of each posed sequence with an emotion.",
        ck_plus.read_records,
        variants=tuple(VARIANTS),
    ),
    Download(
        KNOWN_SETS["tfeid"],
        "TFEID: posed faces of 40 actors, photographed in a studio.",
        tfeid.read_records,
        variants=tuple(VARIANTS),
    ),
    Download(
        KNOWN_SETS["expw"],
        "ExpW: faces with boxes in photos from an image search.",
        expw.read_records,
    ),
    OwnFolders(KNOWN_SETS["folders"], "A folder of folders named after categories."),
    OwnTable(KNOWN_SETS["table"], "A table of files and labels."),
    Aggregate(KNOWN_SETS["gimefive"], "The paper's aggregate of the data sets prepared before."),
    DrawnFaces(
        KNOWN_SETS["drawn_faces"],
        "Drawn faces whose expression, landmarks and decisive pixels are known exactly.",
    ),
)
SOURCES: Mapping[str, Source] = {source.known.name: source for source in _ALL}


def named_source(name: str) -> Source:
    """The source of that name.

    Args:
      name: One of `SOURCES`.

    Returns:
      The source.

    Raises:
      InputError: For another name, with the nearest known one.
    """
    if name not in SOURCES:
        known = list(SOURCES)
        raise InputError(
            f"no data set '{name}'{nearest(name, known)}; known are {', '.join(known)}"
        )
    return SOURCES[name]


def options_for(name: str, given: Mapping[str, object]) -> Options:
    """Choices of a source from options by name.

    Args:
      name: One of `SOURCES`.
      given: Values by the name of their field, such as `num_train`.

    Returns:
      The choices, by default where nothing is given.

    Raises:
      InputError: For an option that is another source's.
    """
    options = named_source(name).options
    fields = [field.name for field in dataclasses.fields(options)]
    for option in given:
        if option not in fields:
            others = ", ".join(_with_option(option)) or "no data set"
            flag = f"--{option.replace('_', '-')}"
            raise InputError(f"{flag} is for {others}, not for {name}; leave it out")
    return options(**given)


def option_names() -> list[str]:
    """Names of all options that some source knows."""
    names = (field.name for one in SOURCES.values() for field in dataclasses.fields(one.options))
    return list(dict.fromkeys(names))


def find_source(request: Request) -> Source:
    """The source that a request names.

    Args:
      request: Of a user.

    Returns:
      The source, which can read what is asked for.

    Raises:
      InputError: For what does not go together.
    """
    source = named_source(request.name)
    name, variant, raw = source.known.name, request.variant, source.known.raw
    if variant not in source.variants:
        raise InputError(
            f"{name} has no variant '{variant}'{nearest(variant, list(source.variants))}; "
            f"it has {', '.join(source.variants)}"
        )
    if raw and request.raw is None:
        raise InputError(f"{name} is read from your own download: give its {raw} with --raw PATH")
    if not raw and request.raw is not None:
        raise InputError(f"{name} is read from no download; leave --raw out")
    if request.cropper is not None and not raw:
        raise InputError(f"{name} is made of no pictures of yours; leave --crop-faces out")
    if request.options is not None and type(request.options) is not source.options:
        given = type(request.options).__name__
        raise InputError(f"{name} takes {source.options.__name__}, not {given}")
    if request.exclude is not None and source.is_divided:
        raise InputError(f"{name} takes no exclusion list; leave --exclude out")
    if request.set_name and not is_name(request.set_name):
        raise InputError(
            f"name '{request.set_name}' must be of small letters, digits and _, and begin with a "
            "letter"
        )
    if request.set_name in SOURCES and request.set_name != name:
        raise InputError(f"name '{request.set_name}' is another data set's; choose your own")
    source.check(request)
    return source


def _with_option(option: str) -> list[str]:
    return [
        name
        for name, source in SOURCES.items()
        if option in (field.name for field in dataclasses.fields(source.options))
    ]
