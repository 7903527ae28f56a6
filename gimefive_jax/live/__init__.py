"""Faces explained live: a page for the browser's camera, and cameras of this computer."""
