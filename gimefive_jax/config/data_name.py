"""How a prepared data set is named on the command line, in results and in paths."""

import dataclasses

USUAL = "six"


@dataclasses.dataclass(frozen=True)
class DataName:
    """A prepared data set and its variant; as text `fer2013/six`.

    Example:
      >>> str(DataName.parse("fer2013")), DataName.parse("fer2013/seven").folder
      ('fer2013/six', 'fer2013-seven')
    """

    name: str
    variant: str = USUAL

    @classmethod
    def parse(cls, words: str, *, variant: str = USUAL) -> "DataName":
        """Reads `NAME` or `NAME/VARIANT`.

        Args:
          words: As a user or a result says it.
          variant: Taken where `words` name none.

        Returns:
          The name.
        """
        name, _, given = words.partition("/")
        return cls(name, given or variant)

    @property
    def folder(self) -> str:
        """A name for files and folders: the usual six categories go without saying."""
        return self.name if self.variant == USUAL else f"{self.name}-{self.variant}"

    def __str__(self) -> str:
        return f"{self.name}/{self.variant}"
