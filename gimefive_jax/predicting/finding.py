"""Finds and reads image files among what a user names."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from gimefive_jax import images
from gimefive_jax.errors import InputError
from gimefive_jax.images import Box

# In pixels, and as long over short side: beyond, an image is hardly a face crop.
LARGEST_CROP, LONGEST_CROP = 256, 1.5


@dataclasses.dataclass(frozen=True)
class ImageFiles:
    """Image files that were found."""

    paths: tuple[Path, ...]
    """Those named, and those in folders, sorted within each; each once."""
    passed_over: tuple[Path, ...]
    """What else is in the folders: files that are no pictures, pipes, links to nothing or to other
    folders."""


@dataclasses.dataclass(frozen=True)
class UnreadableImage:
    """An image file that cannot be read, among others that can."""

    path: Path
    reason: str
    """One line that names the file."""


def find_images(named: Sequence[Path], *, leave_out: Sequence[Path] = ()) -> ImageFiles:
    """Finds the image files among files and folders.

    A file in a folder counts if its content is a picture's, or if its name says so: then a broken
    one is noticed.

    Args:
      named: Files, which are taken as they are, and folders, which are searched at any depth.
      leave_out: Folders whose images are no input, such as that of our own pictures.

    Returns:
      The image files, and what was passed over.

    Raises:
      InputError: Nothing is named, or something that does not exist, or a folder has no picture.
    """
    if not named:
        raise InputError("name at least one image file or folder")
    found, passed_over = dict[Path, None](), list[Path]()
    for path in named:
        if not path.is_dir():
            if not path.exists():
                raise InputError(f"no file or folder {path}; check the path")
            found[path] = None
            continue
        inside = sorted(_files_in(path, leave_out))
        pictures = [one for one in inside if _is_picture(one)]
        if not pictures:
            raise InputError(f"no image in {path}; images are {', '.join(images.FORMATS)}")
        found.update(dict.fromkeys(pictures))
        # What systems keep beside pictures, such as .DS_Store, is nobody's concern.
        passed_over += [one for one in inside if one not in found and one.name[0] != "."]
    return ImageFiles(tuple(found), tuple(passed_over))


def read_image(
    path: Path, *, crop: Box | None = None
) -> tuple[Path, Image.Image] | UnreadableImage:
    """Reads an image file, or says why it cannot be read.

    Args:
      path: The file.
      crop: What must lie inside of it.

    Returns:
      The path, and the whole image in mode L or RGB.
    """
    try:
        image = images.read(path)
        if crop is not None:
            crop.cut(image, name=str(path))
    except InputError as error:
        return UnreadableImage(path, str(error))
    return path, image


def may_be_a_whole_photo(size: tuple[int, int]) -> bool:
    """Tells whether a size is that of a photo with a face somewhere in it.

    Args:
      size: Width and height in pixels.
    """
    short, long = sorted(size)
    return long > LARGEST_CROP or long > LONGEST_CROP * short


def _files_in(folder: Path, leave_out: Sequence[Path]) -> Iterator[Path]:
    ours = [one.resolve() for one in leave_out]
    for path in folder.rglob("*"):
        # Folders behind links are not searched, so they count as passed over.
        if (path.is_symlink() or not path.is_dir()) and not any(
            path.resolve().is_relative_to(one) for one in ours
        ):
            yield path


def _is_picture(path: Path) -> bool:
    # A pipe may have no writer, a link no target.
    return path.is_file() and (path.suffix.lower() in images.SUFFIXES or images.holds_picture(path))
