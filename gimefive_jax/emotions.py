"""The paper's categories, their order and their synonyms; data of one's own may have others."""

from collections.abc import Mapping
from types import MappingProxyType

from gimefive_jax.errors import InputError, nearest

EMOTIONS = ("happiness", "surprise", "sadness", "anger", "disgust", "fear")
NEUTRAL = "neutral"
CONTEMPT = "contempt"
VARIANTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "six": EMOTIONS,
        "seven": (*EMOTIONS, NEUTRAL),
        "eight": (*EMOTIONS, NEUTRAL, CONTEMPT),
    }
)
"""Names in label order of the variants that a data set can be prepared as."""
OWN = "own"
"""The variant whose categories are those of the data itself."""

_SYNONYMS = {
    "happiness": ("happy", "joy", "joyful", "smile", "ha", "hap"),
    "surprise": ("surprised", "su", "sur", "astonishment"),
    "sadness": ("sad", "sa", "unhappy", "sorrow"),
    "anger": ("angry", "an", "ang", "mad", "rage"),
    "disgust": ("disgusted", "di", "dis"),
    "fear": ("fearful", "afraid", "fe", "scared"),
    NEUTRAL: ("ne", "neu", "calm"),
}
# What data sets call a face that the variants of six and seven do not hold, and but for contempt
# none does. AffectNet's "none" is not neutral: it means none of the eight categories.
LEFT_OUT = (
    CONTEMPT, "none", "uncertain", "unknown", "ambiguous", "no face", "not a face",
)  # fmt: skip
_EMOTION_OF = {word: emotion for emotion, words in _SYNONYMS.items() for word in (emotion, *words)}


def emotion_names(num_classes: int) -> tuple[str, ...]:
    """Names of the paper's categories for files that give their number alone.

    Args:
      num_classes: 6, or 7 with neutral.

    Returns:
      Names in label order, neutral last.

    Raises:
      InputError: For another number, which says no names.
    """
    names = VARIANTS["seven"]
    if num_classes not in (6, 7):
        raise InputError(
            f"num_classes {num_classes} says no names of categories, as 6, or 7 with neutral, "
            "would; give model.emotions"
        )
    return names[:num_classes]


def parse_emotion(word: str) -> str:
    """Finds the category that a word names.

    Args:
      word: A category or a synonym in either case, such as "Happy" or "afraid".

    Returns:
      One of the seven categories.

    Raises:
      InputError: For an unknown word.

    Example:
      >>> parse_emotion("Happy")
      'happiness'
    """
    emotion = _EMOTION_OF.get(word.strip().lower())
    if emotion is None:
        raise InputError(
            f"'{word}' is not an expression category; known are {', '.join(_SYNONYMS)} "
            "and synonyms such as happy, angry, sad"
        )
    return emotion


def find_label(word: object, emotions: tuple[str, ...]) -> int:
    """Finds the label of a category by its name or a synonym.

    Args:
      word: One of `emotions`, or a synonym of one of ours, such as happy or afraid.
      emotions: Names of the categories in label order.

    Raises:
      InputError: The word names none of them, or is no word.
    """
    if not isinstance(word, str):
        raise InputError(
            f"a target is one word for all images, not {word!r}; one of {', '.join(emotions)}"
        )
    if word in emotions:
        return emotions.index(word)
    # Of no word, such as a number, there is no synonym.
    known = _EMOTION_OF.get(f"{word}".strip().lower())
    if known in emotions:
        return emotions.index(known)
    raise InputError(
        f"'{word}' is no category of the model{nearest(f'{word}', list(emotions))}; a target is "
        f"predicted, label (in a split) or one of {', '.join(emotions)}"
    )


def parse_category(word: str) -> str:
    """Finds the category that a word of a data set names, also where few variants hold it.

    Args:
      word: As for `parse_emotion`, or one of `LEFT_OUT`, such as "Contempt" or "Not_a-Face".

    Returns:
      One of the seven categories, or the word of `LEFT_OUT`.

    Raises:
      InputError: For an unknown word.
    """
    left_out = " ".join(word.lower().replace("_", " ").replace("-", " ").split())
    return left_out if left_out in LEFT_OUT else parse_emotion(word)
