"""The exception for mistakes that the user can mend, and words of its messages."""


class InputError(ValueError):
    """Something from outside breaks a rule; one line names it, the rule and the mend.

    Args:
      message: The line; line breaks in it become spaces.
    """

    def __init__(self, message: str) -> None:
        # What came from outside may hold line breaks, such as a quoted cell of a csv.
        super().__init__(" ".join(message.splitlines()))


def missing_extra(purpose: str, package: str, extra: str) -> InputError:
    """Gives the error for a package that an extra of the distribution brings.

    Args:
      purpose: What needs it, such as "the live page".
      package: What is missing.
      extra: Name of the extra.
    """
    return InputError(
        f"{purpose} needs {package}, which is not installed; pip install 'gimefive-jax[{extra}]'"
    )


def nearest(word: str, known: "list[str] | tuple[str, ...]") -> str:
    """Proposes the known word that is most like a mistyped one.

    Args:
      word: What was typed.
      known: What there is.

    Returns:
      The end of a message, `, did you mean 'x'?`; empty where no known word is alike.

    Example:
      >>> nearest("hirecam", ["gradcam", "hirescam"])
      ", did you mean 'hirescam'?"
    """
    # Imported here: difflib is only needed once something is wrong.
    from difflib import get_close_matches

    matches = get_close_matches(word, known, n=1, cutoff=0.5)
    return f", did you mean '{matches[0]}'?" if matches else ""
