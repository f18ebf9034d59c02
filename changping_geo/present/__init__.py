"""Web map, GIS export, workbook and tables of a finished run."""
