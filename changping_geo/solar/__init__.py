"""Sun, plane irradiance, roofs and yield on arrays and frames; never reads a file."""
