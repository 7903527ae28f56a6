"""Video files in and out: faces followed from frame to frame, labels steadied over time."""
