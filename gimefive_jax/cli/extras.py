"""Packages that an extra of the distribution brings."""

import importlib.util
from collections.abc import Sequence

from gimefive_jax.errors import missing_extra


def check_extra(extra: str, purpose: str, packages: Sequence[str]) -> None:
    """Checks that packages are installed, without importing them.

    Args:
      extra: Name of the extra that brings them.
      purpose: What needs them, for the message.
      packages: Their import names.

    Raises:
      InputError: One is missing; the line names it and the extra.
    """
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise missing_extra(purpose, missing[0], extra)
