"""Where words go in a picture: beside what they are about, inside the frame, over nothing else."""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

# Words that cover words can be read no more; a face that is covered is a smaller loss.
_WORDS_WEIGH = 2


@dataclasses.dataclass(frozen=True)
class Area:
    """An upright rectangle of whole pixels; right and bottom lie just outside."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.right - self.left, self.bottom - self.top

    @property
    def num_pixels(self) -> int:
        """Width times height."""
        width, height = self.size
        return width * height

    def shared(self, other: "Area") -> int:
        """Number of pixels that both cover."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(width, 0) * max(height, 0)

    def inside(self, frame: tuple[int, int]) -> "Area":
        """The part of it in a frame of a width and height; empty where nothing lies inside."""
        width, height = frame
        left, top = min(max(self.left, 0), width), min(max(self.top, 0), height)
        return Area(
            left, top, max(min(self.right, width), left), max(min(self.bottom, height), top)
        )


@dataclasses.dataclass(frozen=True)
class Place:
    """Where something goes, and how much it covers there."""

    area: Area
    of_others: int
    """Pixels of other faces and of other words that it covers; the latter count twice."""
    of_face: int
    """Pixels of the face itself that it covers."""


def find_place(
    size: tuple[int, int],
    frame: tuple[int, int],
    *,
    beside: Area,
    faces: Sequence[Area],
    words: Sequence[Area],
    gap: int,
) -> Place:
    """Finds the place beside a face that covers least.

    Args:
      size: Width and height of what is placed, at most those of the frame.
      frame: Width and height of the picture.
      beside: The face that it is about.
      faces: The other faces.
      words: What has been placed already.
      gap: Pixels between the face and what is placed.

    Returns:
      A place that lies inside the frame.

    Example:
      >>> found = find_place(
      ...     (30, 20), (100, 100), beside=Area(60, 10, 90, 40), faces=[], words=[], gap=2
      ... )
      >>> found  # to the left, as there is no room to the right
      Place(area=Area(left=28, top=10, right=58, bottom=30), of_others=0, of_face=0)
    """
    places = (
        Place(area, _covered(area, faces, words), area.shared(beside))
        for area in _candidates(size, frame, beside, gap)
    )
    return min(places, key=lambda place: (place.of_others, place.of_face))


def _covered(area: Area, faces: Iterable[Area], words: Iterable[Area]) -> int:
    return sum(map(area.shared, faces)) + _WORDS_WEIGH * sum(map(area.shared, words))


def _candidates(
    size: tuple[int, int], frame: tuple[int, int], beside: Area, gap: int
) -> Iterator[Area]:
    """Places beside the face in the order of preference, then corners of a frame that it fills."""
    width, height = size
    right, left = beside.right + gap, beside.left - gap - width
    below, above = beside.bottom + gap, beside.top - gap - height
    for x, y in (
        (right, beside.top), (left, beside.top),
        (beside.left, below), (beside.left, above),
        (beside.right - width, below), (beside.right - width, above),
        (right, beside.bottom - height), (left, beside.bottom - height),
    ):  # fmt: skip
        yield _moved_inside(x, y, size, frame)
    for x in (0, frame[0]):
        for y in (0, frame[1]):
            corner = _moved_inside(x, y, size, frame)
            # Away from its face, nobody would know whose words they are.
            if corner.shared(beside):
                yield corner


def _moved_inside(x: int, y: int, size: tuple[int, int], frame: tuple[int, int]) -> Area:
    width, height = size
    left, top = max(min(x, frame[0] - width), 0), max(min(y, frame[1] - height), 0)
    return Area(left, top, left + width, top + height)
