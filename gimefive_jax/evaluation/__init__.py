"""Logits of a split to metrics, files and plots."""
