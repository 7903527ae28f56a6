"""Explanations of a whole split on disk: arrays, manifest, pictures, and mass on evidence."""
