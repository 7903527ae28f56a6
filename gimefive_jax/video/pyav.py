"""PyAV, which reads and writes video files."""

from gimefive_jax.errors import missing_extra

try:
    import av
except ModuleNotFoundError as error:
    raise missing_extra("reading or writing videos", "PyAV", "video") from error

# What FFmpeg has to say comes as errors; its own lines would only stand between ours.
av.logging.set_level(None)

__all__ = ["av"]
