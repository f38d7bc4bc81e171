"""A part of a run as a file: arrays of whole numbers and the draws that are kept, nothing that runs."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.kernels.contests import CoverCounts
from forecast.simulation.local import KeptDistricts
from forecast.simulation.pieces import KeptDraws
from forecast.simulation.run_counts import Tallies
from forecast.simulation.running import Aside, Group, Part

Arrays = Mapping[str, NDArray[Any]]
_KEPT = ("shares", "outcomes", "which", "chamber")
_PLACES = ("votes", "seats")


def image_of(part: Part) -> bytes:
    """The bytes of an ``.npz`` file, whose parts carry checksums (CRC-32)."""
    stream = io.BytesIO()
    arrays: Any = _arrays(part)
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def part_of(image: bytes) -> Part | None:
    """The part in such a file; None where it is not as it was written."""
    try:
        with np.load(io.BytesIO(image), allow_pickle=False) as file:
            return _part({name: file[name] for name in file.files})
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None


def _arrays(part: Part) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]] = {
        "groups": np.array([[group.replicate, group.whole, len(group.tallies)] for group in part.groups])
    }
    for g, group in enumerate(part.groups):
        for t, tallies in enumerate(group.tallies):
            found |= {f"{g}/{t}/{name}": array for name, array in tallies._asdict().items()}
    aside = part.aside
    assert aside is not None, "a whole part counts aside too"
    found |= {name: getattr(aside, name) for name in ("shares", "share_sums", "share_draws")}
    found |= {f"district_seats/{r}": seats for r, seats in aside.district_seats.items()}
    found |= {f"districts_won/{tier}": won for tier, won in enumerate(aside.districts_won)}
    if aside.uncovered is not None:
        found |= {f"uncovered/{name}": array for name, array in aside.uncovered._asdict().items()}
    found["first_kept"] = np.array(aside.first_kept)
    kept = aside.kept
    found |= {f"kept/{name}": getattr(kept, name) for name in _KEPT if getattr(kept, name) is not None}
    if kept.districts is not None:
        found |= {f"kept/districts/{name}": getattr(kept.districts, name) for name in _PLACES}
    return found


def _part(arrays: Arrays) -> Part:
    groups = tuple(
        Group(
            int(replicate),
            bool(whole),
            tuple(
                Tallies(**{name: arrays[f"{g}/{t}/{name}"] for name in Tallies._fields})
                for t in range(int(number))
            ),
        )
        for g, (replicate, whole, number) in enumerate(arrays["groups"].reshape(-1, 3))
    )
    places = None
    if "kept/districts/votes" in arrays:
        places = KeptDistricts(*(arrays[f"kept/districts/{name}"] for name in _PLACES))
    kept = KeptDraws(
        arrays["kept/shares"],
        arrays["kept/outcomes"],
        arrays["kept/which"],
        places,
        arrays.get("kept/chamber"),
    )
    uncovered = _below(arrays, "uncovered/")
    aside = Aside(
        arrays["shares"],
        arrays["share_sums"],
        arrays["share_draws"],
        {int(r): seats for r, seats in _below(arrays, "district_seats/").items()},
        list(_below(arrays, "districts_won/").values()),
        CoverCounts(**uncovered) if uncovered else None,
        int(arrays["first_kept"]),
        kept,
    )
    return Part(groups, aside)


def _below(arrays: Arrays, prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
