"""Programs as C++17 for high-level synthesis."""

from adequate.exporters.hls.project import export_hls
from adequate.exporters.hls.running import run_hls, verify_hls

__all__ = ["export_hls", "run_hls", "verify_hls"]
