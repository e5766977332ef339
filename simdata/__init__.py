"""simdata: training images that nobody has to label."""
