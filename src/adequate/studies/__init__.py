"""Published systems, their figures beside ours; and areas and fronts, which have none published beside them."""

STUDIES = {
    "dataflows": "adequate.studies.dataflows",
    "elements": "adequate.studies.elements",
    "eyeriss": "adequate.studies.eyeriss",
    "exploration": "adequate.studies.exploration",
    "laconic": "adequate.studies.laconic",
    "proxsim": "adequate.studies.proxsim",
    "ristretto": "adequate.studies.ristretto",
    "synthesis": "adequate.studies.synthesis",
}
"""Name -> the module with its ``run`` and ``TABLES``, imported when it is run."""
