"""A forecast as one HTML page: it opens from disk and asks nothing of the network."""

from __future__ import annotations

from forecast.report.building import PANELS, PREVIEW, page, preview

__all__ = ["PANELS", "PREVIEW", "page", "preview"]
