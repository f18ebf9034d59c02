"""Look at a delivered file, recognise it, and propose its source entry."""
