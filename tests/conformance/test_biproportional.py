"""Double proportion: Zurich 2014 and 2018, Uri 2020, Zug 2018 and Grisons 2022, by list and district.

Votes and seats: Stadt Zürich, Resultate der Erneuerungswahlen vom 9. Februar 2014 und vom 4. März 2018,
Herleitung der Unterzuteilung (stadt-zuerich.ch, archiv-wahlen); Kanton Uri, Landratswahlen 2020, Statistische
Auswertung (ur.ch); Kanton Zug, Kantonsratswahl 2018 (wab.zug.ch); Kanton Graubünden, Protokoll der
Grossratswahlen vom 15. Mai 2022 (gr.ch). Rows of the last three: district, seats, votes and seats of every
list.
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
URI = """
CVP SPGB FDP SVP
Altdorf 15 11471 5  11908 4  9213 3  7756 3
Bürglen 7 2822 2  1606 1  1567 1  2945 3
Erstfeld 6 2309 2  1705 2  946 1  1573 1
Schattdorf 9 4794 3  2600 2  2961 2  3498 2
"""
ZUG = """
Alternative AuBü CVP FDP glp SP SVP
Zug 19 22023 3  0 0  21343 3  33789 5  10131 2  21794 3  26798 3
Oberägeri 4 477 0  0 0  2844 2  1654 1  361 0  51 0  1450 1
Unterägeri 6 1481 1  0 0  3310 1  2713 1  925 0  1563 1  4063 2
Menzingen 3 531 0  0 0  1946 1  826 1  198 0  84 0  1336 1
Baar 15 8108 2  2993 0  19389 3  14814 2  4486 1  15695 3  21298 4
Cham 10 4687 1  0 0  9334 3  6691 2  2270 1  4705 1  8178 2
Hünenberg 6 1584 1  0 0  4807 2  4005 1  621 0  1750 1  2875 1
Steinhausen 6 3860 2  0 0  4702 2  2624 1  465 0  1106 0  2610 1
Risch 7 2363 1  0 0  3523 2  2842 2  728 0  627 0  3715 2
Walchwil 2 91 0  0 0  812 1  461 1  0 0  302 0  344 0
Neuheim 2 279 0  0 0  396 1  379 0  0 0  0 0  399 1
"""
GRISONS = """
SP+Grüne FDP SVP GLP Mitte
Alvaschein 2 265 0  360 0  217 0  137 0  1239 2
Avers 1 0 0  72 1  2 0  0 0  7 0
Belfort 1 49 0  0 0  38 0  0 0  104 1
Bergün 1 85 0  117 1  33 0  0 0  65 0
Bregaglia 1 76 0  262 1  55 0  0 0  148 0
Breil/Brigels 1 115 0  0 0  83 0  0 0  271 1
Brusio 1 59 0  84 0  199 1  0 0  32 0
Calanca 1 43 0  133 0  56 0  0 0  176 1
Chur 21 65496 8  32827 4  30961 3  17580 3  32374 3
Churwalden 1 148 0  90 0  101 0  26 0  169 1
Davos 6 4661 2  4240 1  3030 1  1564 1  1506 1
Disentis 4 1006 1  245 0  849 0  0 0  5655 3
Domleschg 3 1132 1  829 1  1125 1  405 0  610 0
Fünf-Dörfer 11 9717 3  5850 1  13623 4  3336 1  10340 2
Ilanz 6 3162 1  2219 1  2821 1  546 0  7461 3
Jenaz 1 59 0  167 1  166 0  98 0  159 0
Klosters 3 396 0  672 1  824 1  365 0  712 1
Küblis 1 45 0  37 0  113 1  0 0  34 0
Lumnezia/Lugnez 2 252 0  210 0  435 1  0 0  1180 1
Luzein 1 99 0  203 1  67 0  0 0  94 0
Maienfeld 5 2747 1  3229 1  2864 1  849 1  1548 1
Mesocco 1 119 0  284 0  52 0  0 0  321 1
Oberengadin 8 5258 2  8091 2  6481 2  4157 1  4830 1
Poschiavo 2 341 0  798 1  550 1  92 0  540 0
Ramosch 1 78 0  173 1  115 0  0 0  73 0
Rhäzüns 7 5243 2  3509 1  3878 1  822 0  7282 3
Rheinwald 1 97 1  97 0  21 0  0 0  90 0
Roveredo 3 953 1  1881 1  411 0  0 0  1070 1
Safien 1 42 0  0 0  178 0  0 0  216 1
Schams 1 104 0  191 0  41 0  0 0  214 1
Schanfigg 2 228 0  735 1  592 1  0 0  109 0
Schiers 3 657 1  1037 1  1320 1  325 0  844 0
Seewis 1 31 0  118 0  112 0  37 0  121 1
Suot-Tasna 3 810 1  680 0  896 1  0 0  1688 1
Sur-Tasna 1 197 0  0 0  240 1  0 0  110 0
Surses 1 124 0  304 1  57 0  0 0  293 0
Thusis 4 1174 1  917 1  1679 1  614 0  1560 1
Trins 5 2627 1  3230 2  1735 1  335 0  2517 1
Val-Müstair 1 0 0  41 0  178 0  0 0  359 1
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


OTHERS = {
    "Uri": (URI, None, None),
    "Zug": (ZUG, {"level": "3%", "or_district_share": "5%"}, "all"),
    "Grisons": (GRISONS, {"level": "3%"}, "all"),
}
"""Table, level and where the strongest list has a seat: Uri, Proporzgesetz (RB 2.1205); Zug, WAG § 52c (3);
Grisons, GRWG art. 28.
"""


@pytest.mark.parametrize("name", OTHERS)
def test_other_cantons_have_their_official_seats_in_every_cell(name: str) -> None:
    table, threshold, strongest = OTHERS[name]
    heading, *rows = table.strip().splitlines()
    lists = heading.split()
    cells = {place: [int(cell) for cell in row] for place, *row in map(str.split, rows)}
    sizes = tuple(row[0] for row in cells.values())
    votes = {party: [row[1 + 2 * k] for row in cells.values()] for k, party in enumerate(lists)}
    ballot, changed = ballot_of(lists, sizes, votes), {}
    for clause in (strongest, None):
        outcome = apply_rule(_rule_of(sum(sizes), threshold, clause), ballot)
        won = [[place.of(party) for party in lists] for place in outcome.districts]
        changed[clause] = [
            place
            for seats, (place, official) in zip(won, cells.items(), strict=True)
            if seats != official[2::2]
        ]
    assert changed[strongest] == []
    turns_on_it = ["Churwalden", "Fünf-Dörfer", "Jenaz", "Schiers", "Seewis"] if name == "Grisons" else []
    assert changed[None] == turns_on_it


def _rule_of(seats: int, threshold: dict[str, str] | None, strongest: str | None) -> Rule:
    districts = {
        "method": "sainte-lague",
        "national_totals": "biproportional",
        "voters": True,
        "strongest_list": strongest,
    }
    parts = {"seats": seats, "threshold": threshold, "allocation": {"method": "sainte-lague"}}
    return Rule.model_validate({**parts, "districts": districts})


@pytest.mark.parametrize(("voters", "seats"), [(True, [4, 2]), ("fractions", [3, 3])])
def test_rounded_voters_may_move_a_seat_and_zurich_does_not_round_them_since_2021(
    voters: bool | str, seats: list[int]
) -> None:
    """Of A's 8 and 8 votes 2 2/3 voters are 3 in each of two districts of three seats; 6 of B are 2."""
    ballot = ballot_of(["A", "B"], (3, 3), {"A": [8, 8], "B": [6, 6]})
    parts = ZURICH.model_dump(include={"allocation"}, exclude_defaults=True)
    districts = {"method": "sainte-lague", "national_totals": "biproportional", "voters": voters}
    rule = Rule.model_validate({"seats": 6, **parts, "districts": districts})
    assert list(apply_rule(rule, ballot).seats.values()) == seats


def test_the_strongest_list_of_a_district_has_a_seat_where_the_law_says_so() -> None:
    """Without the clause A's one seat is in the large district, and B has the seat of the small one, in which
    A is stronger.
    """
    votes = {"A": [500, 60], "B": [1500, 50]}
    ballot = ballot_of(list(votes), (3, 1), votes)
    seats: dict[str | None, list[int]] = {}
    for strongest in (None, "all", "single-member"):
        outcome = apply_rule(_rule_of(4, None, strongest), ballot)
        seats[strongest] = [outcome.districts[1].of(party) for party in votes]
        assert outcome.seats == {"A": 1, "B": 3}
    assert seats == {None: [0, 1], "all": [1, 0], "single-member": [1, 0]}


def test_a_list_that_is_the_strongest_in_more_districts_than_it_has_seats_keeps_its_own() -> None:
    """The national totals come first (Grisons, GRWG art. 28 (2) and (3)): A has one seat, in the district
    with its largest share, although another has more of its votes.
    """
    votes = {"A": [30, 40, 900], "B": [20, 30, 9000]}
    outcome = apply_rule(_rule_of(5, None, "all"), ballot_of(list(votes), (1, 1, 3), votes))
    assert outcome.seats == {"A": 1, "B": 4}
    assert [place.of("A") for place in outcome.districts] == [1, 0, 0]


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
