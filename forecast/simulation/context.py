"""What stands beside the draws in a Forecast: the polls behind it, and the last election."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forecast.election import Election
    from forecast.estimation import Estimate

_OF_POLLS = (
    ("row", "row", "line of the poll in its table", "1"),
    ("pollster", "pollster", "pollster", ""),
    ("start", "fieldwork_start", "first day of fieldwork", ""),
    ("end", "fieldwork_end", "last day of fieldwork", ""),
    ("published", "published", "day of publication", ""),
    ("size", "sample_size", "respondents", "1"),
    ("kind", "kind", "kind of poll", ""),
    ("source", "source", "where the poll is published", ""),
    ("age", "age", "days from the end of fieldwork to the forecast date", "days"),
    ("weight", "weight", "weight in the mean; weights sum to 1", "1"),
    ("undecided", "undecided", "share of undecided and unreported, taken out before the mean", "1"),
)


def polls_used(estimate: Estimate, ids: Sequence[str]) -> dict[str, Any]:
    """Variables over ``poll``: the polls that the estimate looked at, their weights and shares by party."""
    frame = estimate.polls
    variables: dict[str, Any] = {}
    for name, column, long_name, units in _OF_POLLS:
        attrs = {"long_name": long_name, **({"units": units} if units else {})}
        values = frame[column]
        if values.dtype.kind not in "fiM":
            variables[f"poll_{name}"] = ("poll", values.fillna("").to_numpy(object).astype(str), attrs)
        else:
            variables[f"poll_{name}"] = ("poll", values.to_numpy(), attrs)
    shares = np.full((len(frame), len(ids)), np.nan)
    for k, party in enumerate(ids):
        if f"share_{party}" in frame:
            shares[:, k] = frame[f"share_{party}"]
    attrs = {
        "long_name": "share of a party in a poll, undecided taken out; NaN where not reported",
        "units": "1",
    }
    variables["poll_share"] = (("poll", "party"), shares, attrs)
    return variables


def last_election(election: Election, ids: Sequence[str]) -> dict[str, Any]:
    """Variables over ``party``: share and seats at the last election, NaN where the file gives none."""
    shares = np.full(len(ids), np.nan)
    seats = np.full(len(ids), np.nan)
    for k, party_id in enumerate(ids):
        party = next((party for party in election.parties if party.id == party_id), None)
        if party is not None and party.last_result is not None:
            shares[k] = float(party.last_result)
        if party is not None and party.last_seats is not None:
            seats[k] = party.last_seats
    return {
        "last_share": ("party", shares, {"long_name": "share at the last election", "units": "1"}),
        "last_seats": ("party", seats, {"long_name": "seats at the last election", "units": "seats"}),
    }
