"""Layers made up from a seed, plausible for the workspace, at its true size."""
