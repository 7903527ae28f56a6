"""PyAV, which reads and writes video files; the only place that says how to install it."""

from gimefive_jax.errors import InputError

try:
    import av
except ModuleNotFoundError as error:
    raise InputError(
        "video files need PyAV, which is not installed; pip install 'gimefive-jax[video]'"
    ) from error

# What FFmpeg has to say comes as errors; its own lines would only stand between ours.
av.logging.set_level(None)

__all__ = ["av"]
