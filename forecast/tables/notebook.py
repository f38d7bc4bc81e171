"""What a notebook shows of an election, an estimate and a forecast: pieces of HTML, rounded for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from forecast.errors import visible
from forecast.tables import tables_of, tables_shown
from forecast.tables.exporting import html_table
from forecast.words.law_in_words import rule_in_words
from forecast.words.rounding import percent

if TYPE_CHECKING:
    from forecast.election import Election
    from forecast.estimation import Estimate
    from forecast.result import Forecast

_LONGEST = 1_000


def forecast_html(forecast: Forecast) -> str:
    """The tables that people are shown, with what to mind under each."""
    shown = tables_shown(forecast, tables_of(forecast))
    title = _escaped(forecast.attrs["election_name"])
    return "\n".join([f"<h3>{title}</h3>", *(html_table(table) for table in shown)])


def estimate_html(estimate: Estimate) -> str:
    """Centre and standard deviation of the share of every option, and what the estimate rests on.

    The standard deviation is that of log shares, as a share of the share: what 5 % may be off.
    """
    tails = estimate.degrees_of_freedom
    widened = tails / (tails - 2.0) if tails > 2.0 else np.nan
    spread = np.sqrt(np.diag(estimate.scale) * widened)
    rows = [
        (unit, percent(float(mean)), percent(float(mean * part)))
        for unit, mean, part in zip(estimate.units, estimate.mean, spread, strict=True)
    ]
    facts = [
        f"As of {estimate.as_of}; the election is on {estimate.election_date}.",
        f"{len(estimate.polls)} {estimate.kind} polls, {estimate.n_eff:,.0f} effective respondents.",
    ]
    table = _table(("", "Centre", "Standard deviation"), rows)
    return "\n".join(["<h3>Estimate</h3>", table, _lines([*facts, *estimate.warnings])])


def election_html(election: Election) -> str:
    """Its name and day, who stands, and the rule in words."""
    facts = election.election
    rows = [(party.id, party.name, party.kind) for party in election.parties]
    table = _table(("id", "Name", "Kind"), rows)
    when = facts.vote or "day not known"
    title = f"<h3>{_escaped(facts.name)}, {when}</h3>"
    return "\n".join([title, table, _lines(rule_in_words(election.rule))])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    heads = "".join(f'<th scope="col">{_escaped(text)}</th>' for text in head)
    body = "\n".join(f"<tr>{''.join(f'<td>{_escaped(text)}</td>' for text in row)}</tr>" for row in rows)
    return f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"


def _lines(texts: Iterable[str]) -> str:
    return "\n".join(f"<p>{_escaped(text)}</p>" for text in texts)


def _escaped(text: str) -> str:
    return escape(visible(text, _LONGEST))
