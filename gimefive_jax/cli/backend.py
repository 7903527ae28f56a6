"""Says in one line why jax does not start on this machine."""

import os


def backend_failure(error: Exception) -> str | None:
    """Tells whether an unexpected error comes from jax, which cannot start here.

    Args:
      error: What ended the command.

    Returns:
      One line for the user with the reason and the mend; None where jax starts, so that the error
      has another cause.
    """
    try:
        import jax

        jax.devices()
    # Whatever a plugin for some device raises; a failed import leaves half of jax behind.
    except Exception as again:  # noqa: BLE001 - any of them is the answer
        reason = " ".join(f"{error}".split()) or " ".join(f"{again}".split())
    else:
        # Of several platforms jax keeps those that started before the one that did not.
        if "Unable to initialize backend" not in f"{error}":
            return None
        reason = " ".join(f"{error}".split())
    platforms = os.environ.get("JAX_PLATFORMS", "")
    asked = f" with JAX_PLATFORMS={platforms}" if platforms else ""
    mend = "unset it" if platforms else "mend what it names"
    return (
        f"jax cannot start{asked} ({reason[:300] or 'no plugin for it is installed'}); {mend}, or "
        "set JAX_PLATFORMS=cpu to compute on the processor"
    )
