"""Published systems, their figures beside ours."""

STUDIES = {"proxsim": "adequate.studies.proxsim", "ristretto": "adequate.studies.ristretto"}
"""Name -> the module with its ``run`` and ``TABLES``, imported when it is run."""
