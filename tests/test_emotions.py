import pytest

from gimefive_jax.emotions import EMOTIONS, emotion_names, find_label, parse_category, parse_emotion
from gimefive_jax.errors import InputError


def test_the_order_is_the_papers():
    assert EMOTIONS == ("happiness", "surprise", "sadness", "anger", "disgust", "fear")


def test_neutral_comes_last_of_seven():
    assert emotion_names(7) == (*EMOTIONS, "neutral")


@pytest.mark.parametrize(
    ("word", "emotion"), [("Happy", "happiness"), (" AFRAID ", "fear"), ("angry", "anger")]
)
def test_synonyms_name_their_category(word: str, emotion: str):
    assert parse_emotion(word) == emotion


def test_an_unknown_word_is_refused_by_name():
    with pytest.raises(InputError, match="'bored' is not an expression category"):
        parse_emotion("bored")


@pytest.mark.parametrize(
    ("word", "category"),
    [("Contempt", "contempt"), ("Not_a-Face", "not a face"), ("joy", "happiness")],
)
def test_words_that_no_variant_holds_are_known_to_readers(word: str, category: str):
    assert parse_category(word) == category


@pytest.mark.parametrize("word", ["contempt", "none"])
def test_a_word_that_no_variant_holds_is_no_emotion(word: str):
    with pytest.raises(InputError, match="is not an expression category"):
        parse_emotion(word)


@pytest.mark.parametrize("target", [0, ["happy", "sad"], None])
def test_a_target_that_is_no_word_is_named(target: object):
    with pytest.raises(InputError, match="one of happiness, surprise"):
        find_label(target, ("happiness", "surprise"))
