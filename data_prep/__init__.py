"""From a raw download to a TFDS data set on disk; run once per data set."""
