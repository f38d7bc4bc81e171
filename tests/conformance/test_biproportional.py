"""Double proportion: the city council of Zurich in 2014 and 2018, by list and Wahlkreis.

Votes and seats: Stadt Zürich, Resultate der Erneuerungswahlen vom 9. Februar 2014 und vom 4. März 2018,
Herleitung der Unterzuteilung (stadt-zuerich.ch, archiv-wahlen).
"""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from forecast.election.rule import Rule
from forecast.errors import NoValidOutcome
from forecast.rules.ballot import Ballot, District, Entry
from forecast.rules.reference import apply_rule

KREISE = ("1+2", "3", "4+5", "6", "7+8", "9", "10", "11", "12")
SIZES = (12, 15, 13, 10, 16, 16, 12, 22, 9)
Y2014 = """
SP 39 30933 3 54797 5 40953 5 29882 4 62554 4 46248 5 40979 4 79160 6 11448 3
SVP 23 18882 2 25663 2 9836 1 11132 1 34834 2 41366 4 24261 2 70002 6 10635 3
FDP 21 24403 3 17918 2 10238 1 15090 2 69163 4 21307 2 21957 3 37123 3 3412 1
Gruene 14 13239 1 21915 2 15880 2 10034 1 28630 2 15001 2 13598 1 22448 2 2433 1
glp 13 12202 1 17746 2 12416 2 11024 1 26498 2 14738 1 13901 1 29648 3 2151 0
CVP 6 5936 1 6873 1 3645 0 3692 0 11017 1 10816 1 4898 0 14852 1 2786 1
AL 9 5650 1 16680 1 17323 2 6650 1 10082 1 8020 1 8543 1 11655 1 1061 0
"""
Y2018 = """
SP 43 37360 4 67129 6 49212 5 34296 4 71164 4 60063 5 52231 5 89477 7 13192 3
SVP 17 15856 2 19340 1 8339 1 8974 1 28050 2 33783 3 17789 1 55160 4 8980 2
FDP 21 23990 2 20529 2 13844 1 16857 2 69536 5 26712 3 23098 2 40194 3 3826 1
Gruene 16 15007 2 26471 2 19388 2 12571 1 31442 2 20296 2 15534 2 28713 2 4191 1
glp 14 12551 1 19573 2 16442 2 11613 1 28414 2 16488 1 14630 1 31911 3 2931 1
AL 10 7668 1 22692 2 22136 2 7612 1 13659 1 10164 1 12054 1 12435 1 1954 0
EVP-BDP 4 1841 0 2939 0 1152 0 2101 0 5655 0 9777 1 3374 0 13901 2 2568 1
"""
ZURICH = Rule.model_validate(
    {
        "seats": 125,
        "law": "Zurich, Gesetz über die politischen Rechte, §§ 102-104",
        "allocation": {"method": "sainte-lague"},
        "districts": {"method": "sainte-lague", "national_totals": "biproportional", "voters": True},
    }
)


def ballot_of(lists: list[str], sizes: tuple[int, ...], votes: dict[str, list[int]]) -> Ballot:
    districts = tuple(
        District(f"d{d}", {name: votes[name][d] for name in lists if votes[name][d]}, seats=size)
        for d, size in enumerate(sizes)
    )
    return Ballot(tuple(Entry(name, sum(votes[name])) for name in lists), districts=districts)


@pytest.mark.parametrize("table", [Y2014, Y2018], ids=["2014", "2018"])
def test_the_council_of_zurich_has_its_official_seats_in_every_cell(table: str) -> None:
    rows = [line.split() for line in table.strip().splitlines()]
    votes = {name: [int(number) for number in cells[::2]] for name, _, *cells in rows}
    outcome = apply_rule(ZURICH, ballot_of([name for name, *_ in rows], SIZES, votes))
    assert outcome.seats == {name: int(total) for name, total, *_ in rows}
    for name, _, *cells in rows:
        placed = [place.fixed.get(name, 0) for place in outcome.districts]
        assert placed == [int(number) for number in cells[1::2]], name
    assert outcome.ties == ()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_both_sums_hold_and_no_exchange_of_seats_would_be_fairer(data: st.DataObject) -> None:
    """The table is the double proportion if no exchange of two lists in two districts raises the product of
    the quotients (Balinski and Demange), and no longer round of lists does.
    """
    lists = [f"p{k}" for k in range(data.draw(st.integers(2, 5), "lists"))]
    sizes = tuple(data.draw(st.lists(st.integers(1, 9), min_size=2, max_size=5), "sizes"))
    cell = st.one_of(st.integers(0, 30), st.integers(0, 5000))
    votes = {name: [data.draw(cell) for _ in sizes] for name in lists}
    assume(all(any(votes[name][d] for name in lists) for d in range(len(sizes))))
    rule = ZURICH.model_copy(update={"seats": sum(sizes)})
    ballot = ballot_of(lists, sizes, votes)
    told = ""
    try:
        outcome = apply_rule(rule, ballot)
    except NoValidOutcome as error:
        told = str(error)
        outcome = None
    if outcome is None:
        assert "no table of seats" in told
        assert any(0 in votes[name] for name in lists)
        return
    table = {
        (name, d): place.fixed.get(name, 0) for d, place in enumerate(outcome.districts) for name in lists
    }
    assert all(sum(table[name, d] for name in lists) == size for d, size in enumerate(sizes))
    assert all(sum(table[name, d] for d in range(len(sizes))) == outcome.seats[name] for name in lists)
    assert all(votes[name][d] for (name, d), seats in table.items() if seats)
    for a in lists:
        for b in lists:
            for d in range(len(sizes)):
                for e in range(len(sizes)):
                    if (
                        a == b
                        or d == e
                        or not table[a, d]
                        or not table[b, e]
                        or not votes[b][d]
                        or not votes[a][e]
                    ):
                        continue
                    kept = votes[a][d] * votes[b][e] * (2 * table[b, d] + 1) * (2 * table[a, e] + 1)
                    other = votes[b][d] * votes[a][e] * (2 * table[a, d] - 1) * (2 * table[b, e] - 1)
                    assert kept >= other
