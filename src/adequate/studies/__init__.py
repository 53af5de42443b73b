"""Published systems, their figures beside ours."""

STUDIES = {"ristretto": "adequate.studies.ristretto"}
"""Name -> the module with its ``run`` and ``TABLES``, imported when it is run."""
