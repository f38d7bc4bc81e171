"""What the tables of an election file say about each other: ids that occur twice, ids that do not exist, and
more seats held than the house has.

Works on the file as it was read, before pydantic, so that these faults are reported together with all others.
What is of the wrong type here is left to pydantic's own report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from forecast.election.values import (
    ASSEMBLIES,
    CONDITIONS,
    ELIGIBLE_KINDS,
    normalised,
    parse_seats,
    parse_share,
    percent,
)
from forecast.errors import ABSENT, suggest

if TYPE_CHECKING:
    from forecast.election.rule import Rule

HELD_SEATS = ("direct_seats", "min_seats")
"""Keys of a party that give it seats of the house, as ``Holder`` has them."""
RESERVED = ("undecided", "other")
"""Names with a meaning of their own in poll tables; ``other`` is the id of the residual option."""
_OWN_NAMES = ("name", "short", "names", "aliases")


class Problem(NamedTuple):
    """One contradiction: where it is, the value there, and what would be right."""

    loc: tuple[str | int, ...]
    found: Any
    remedy: str


def cross_problems(data: Mapping[str, Any]) -> list[Problem]:
    """Every contradiction between the tables of an election."""
    parties = _tables(data, "parties")
    kinds = {
        party["id"]: party.get("kind", "party") for _, party in parties if isinstance(party.get("id"), str)
    }
    return [
        *_doublets(data),
        *_reserved(parties),
        *_shared_names(parties),
        *_parts_of_themselves(parties),
        *_titles(data),
        *_own_seats(data),
        *_nobody_eligible(kinds),
        *_unknown(data, kinds),
        *_poll_columns(data, kinds),
        *_inherited_twice(parties),
        *_shifted_and_fixed(data),
        *_withdrawn(data, kinds),
        *_in_the_chamber(data, kinds),
        *_winner_of_the_bonus(data, parties),
        *_list_numbers(data, parties),
    ]


def _list_numbers(data: Mapping[str, Any], parties: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """The numbers of lists by which equal claims go, where they do: every list has its own."""
    ties = _table(data.get("rule")).get("ties")
    if "list-number" not in (ties if isinstance(ties, (list, tuple)) else [ties]):
        return
    first: dict[Any, Any] = {}
    for i, party in parties:
        number, own = party.get("list_number"), party.get("id")
        if party.get("kind", "party") not in ELIGIBLE_KINDS:
            continue
        if number is None:
            remedy = "missing: equal claims go by the numbers of the lists on the ballot (rule.ties)"
            yield Problem(("parties", i, "list_number"), ABSENT, remedy)
        elif first.setdefault(number, own) != own:
            remedy = f"this is the number of '{first[number]}'; each list has its own"
            yield Problem(("parties", i, "list_number"), number, remedy)


def _winner_of_the_bonus(
    data: Mapping[str, Any], parties: list[tuple[int, Mapping[str, Any]]]
) -> Iterator[Problem]:
    """Who won the second round is an alliance, or a list that has none."""
    rule = _table(data.get("rule"))
    winner = _table(rule.get("bonus")).get("winner")
    allied = rule.get("alliances") is not None
    known = [
        party.get("alliance") if allied and party.get("alliance") else party.get("id") for _, party in parties
    ]
    if isinstance(winner, str) and winner not in known:
        named = suggest(winner, [name for name in known if isinstance(name, str)])
        remedy = f"no such alliance, or list without one; {named}"
        yield Problem(("rule", "bonus", "winner"), winner, remedy)


def _table(value: Any) -> Mapping[str, Any]:
    """A table, or the fields of a model that was built in Python; empty for anything else."""
    if isinstance(value, Mapping):
        return value
    return vars(value) if hasattr(type(value), "model_fields") else {}


def _items(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _tables(data: Mapping[str, Any], key: str) -> list[tuple[int, Mapping[str, Any]]]:
    return [(i, _table(item)) for i, item in enumerate(_items(data.get(key)))]


def _doublets(data: Mapping[str, Any]) -> Iterator[Problem]:
    for key in ("parties", "groups", "tiers", "coalitions", "events"):
        first: dict[str, int] = {}
        for i, table in _tables(data, key):
            name = table.get("id")
            if isinstance(name, str) and first.setdefault(name, i) != i:
                yield Problem(
                    (key, i, "id"), name, f"this id is taken by {key}[{first[name]}]; choose another"
                )


def _reserved(parties: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    for i, party in parties:
        name, residual = party.get("id"), party.get("kind") == "residual"
        if name == "undecided":
            yield Problem(
                ("parties", i, "id"), name, "this name means undecided respondents in polls; choose another"
            )
        elif name == "other" and not residual:
            remedy = (
                'this name means the votes for all other options; choose another, or write kind = "residual"'
            )
            yield Problem(("parties", i, "id"), name, remedy)
        elif residual and name != "other":
            yield Problem(("parties", i, "id"), name, 'the residual option has the id "other"')


def _shared_names(parties: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """A name means one party: in the tables that are read, and to those who read the results."""
    meant: dict[str, Any] = {}
    for _, party in parties:
        if isinstance(party.get("id"), str):
            meant.setdefault(normalised(party["id"]), party["id"])
    given_on_purpose = ("aliases", "merged_from")
    for i, party in parties:
        for key in ("name", "short", "names", *given_on_purpose):
            for name in _names_under(party.get(key)):
                reserved = key in given_on_purpose and normalised(name) in RESERVED
                other = name if reserved else meant.setdefault(normalised(name), party.get("id"))
                if other != party.get("id"):
                    remedy = f"this name already means '{other}'; keep it in one place"
                    yield Problem(("parties", i, key), name, remedy)


def _names_under(value: Any) -> list[str]:
    return _names(list(value.values()) if isinstance(value, Mapping) else value)


def _parts_of_themselves(parties: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """A column that means the party is none of the parts that the party is the sum of."""
    for i, party in parties:
        known = [name for key in ("id", *_OWN_NAMES) for name in _names_under(party.get(key))]
        whole = {normalised(name) for name in known}
        for part in _names_under(party.get("merged_from")):
            if normalised(part) in whole:
                remedy = (
                    "the party itself is none of its parts; leave this out, or name the columns of the "
                    "parties that it was made of"
                )
                yield Problem(("parties", i, "merged_from"), part, remedy)


def _inherited_twice(parties: list[tuple[int, Mapping[str, Any]]]) -> Iterator[Problem]:
    """Votes of an earlier list that more than one party inherits whole."""
    given: dict[str, Fraction] = {}
    for i, party in parties:
        for name, share in _table(party.get("continues")).items():
            key = normalised(str(name))
            before = given.get(key, Fraction(0))
            given[key] = before + _sum_of_shares([share])
            if given[key] > 1 >= before:
                remedy = (
                    f"the votes of this list are inherited more than once ({percent(given[key])} in all); "
                    "where it split, give each party its part"
                )
                yield Problem(("parties", i, "continues", str(name)), share, remedy)


def _titles(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Two coalitions, or two events, that readers could not tell apart."""
    for key in ("coalitions", "events"):
        first: dict[str, int] = {}
        for i, table in _tables(data, key):
            for name in _names(table.get("name")):
                before = first.setdefault(normalised(name), i)
                if before != i:
                    yield Problem(
                        (key, i, "name"), name, f"this is the name of {key}[{before}]; choose another"
                    )


def _own_seats(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Seats that parties hold whatever their votes, against the house that the rule hands out."""
    rule = _table(data.get("rule"))
    levelling = _table(rule.get("levelling"))
    house = _count(rule.get("seats"))
    if not house:
        return
    holders = [
        Holder(*(_count(party.get(key)) for key in HELD_SEATS)) for _, party in _tables(data, "parties")
    ]
    levelled = bool(levelling.get("mode"))
    for excess in beyond_the_house(holders, house, _count(levelling.get("start_seats")), levelled=levelled):
        at = ("parties",) if excess.holder is None else ("parties", excess.holder, excess.key)
        yield Problem(at, excess.seats, excess.remedy)


def _count(value: Any) -> int:
    """A number of seats as the file has it; 0 for what is none, which pydantic reports."""
    with suppress(ValueError):
        return parse_seats(value)
    return 0


def _nobody_eligible(kinds: Mapping[str, Any]) -> Iterator[Problem]:
    if kinds and not any(kind in ELIGIBLE_KINDS for kind in kinds.values()):
        remedy = f"no option can win seats; at least one is needed of the kind {', '.join(ELIGIBLE_KINDS)}"
        yield Problem(("parties",), ", ".join(kinds), remedy)


def _unknown(data: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Problem]:
    """Party ids that no ``[[parties]]`` has, and seatless options where seats are asked for."""
    groups = _groups(data)
    for loc, name in _named_parties(data):
        if name in groups and _may_be_a_group(data, loc):
            continue
        if name in groups and loc[0] == "events":
            remedy = (
                'this group stands on no list: write of = "chamber", whose seats it holds, or leave it out'
            )
            yield Problem(loc, name, remedy)
        elif name not in kinds:
            found = ABSENT if loc[0] == "estimate" else name
            yield Problem(loc, found, f"no party has this id; {suggest(name, kinds)}")
        elif loc[0] != "estimate" and kinds[name] in ("none-of-the-above", "residual"):
            yield Problem(loc, name, f"this option ({kinds[name]}) wins no seats; leave it out")


def _poll_columns(data: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Problem]:
    """Columns of polls that mean nobody: an option, ``other`` or ``undecided`` is meant."""
    known = dict.fromkeys((*kinds, *RESERVED))
    for column, ids in _table(_table(data.get("polls")).get("parties")).items():
        for name in _names(ids):
            if name not in known:
                yield Problem(
                    ("polls", "parties", column), name, f"no party has this id; {suggest(name, known)}"
                )


def _named_parties(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    for i, coalition in _tables(data, "coalitions"):
        for name in _names(coalition.get("parties")):
            yield ("coalitions", i, "parties"), name
    for i, event in _tables(data, "events"):
        for part in ("all", "given"):
            for j, condition in _tables(event, part):
                for kind in CONDITIONS:
                    for name in _names(condition.get(kind)):
                        yield ("events", i, part, j, kind), name
    for i, swing in enumerate(_items(_table(data.get("geography")).get("swings"))):
        for name in _names(_table(swing).get("party")):
            yield ("geography", "swings", i, "party"), name
    estimate = _table(data.get("estimate"))
    for part in ("shift", "share", "withdrawal"):
        for name in _table(estimate.get(part)):
            yield ("estimate", part, name), name
    for name, voters in _table(estimate.get("withdrawal")).items():
        for to in _table(voters):
            yield ("estimate", "withdrawal", name, to), to


def _groups(data: Mapping[str, Any]) -> list[str]:
    return [group["id"] for _, group in _tables(data, "groups") if isinstance(group.get("id"), str)]


def _may_be_a_group(data: Mapping[str, Any], loc: tuple[str | int, ...]) -> bool:
    """Whether seats of the chamber are asked for in this place, so that a group may be named."""
    if loc[0] == "coalitions":
        return True
    if loc[0] != "events" or loc[-1] in ("enters", "stays_out"):
        return False
    return dict(_tables(data, "events"))[int(loc[1])].get("of", "lists") != "lists"


def _in_the_chamber(data: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Problem]:
    """Groups with the id of a party, holders of seats that there are not, events of no chamber."""
    groups, tiers = _groups(data), _tables(data, "tiers")
    for i, group in _tables(data, "groups"):
        name = group.get("id")
        if isinstance(name, str) and (name in kinds or name in RESERVED):
            remedy = "this id is taken: a group is no party of the ballot; choose another"
            yield Problem(("groups", i, "id"), name, remedy)
    for i, tier in tiers:
        if tier.get("id") == "lists":
            yield Problem(("tiers", i, "id"), "lists", "this is the tier of the rule; choose another id")
        belief = _table(tier.get("belief"))
        for way, named in (
            (("held",), tier.get("held")),
            (("official",), tier.get("official")),
            (("belief", "seats"), belief.get("seats")),
            (("belief", "at"), belief.get("at")),
            *(
                (("belief", "chances", str(district)), here)
                for district, here in _table(belief.get("chances")).items()
            ),
            (("belief", "follows"), dict.fromkeys(_names(belief.get("follows")))),
        ):
            votes = way[-1] in ("at", "follows")
            known = [*kinds, *(groups if not votes else ())]
            for name in _table(named):
                if name not in known:
                    remedy = f"no party or group has this id; {suggest(str(name), known)}"
                    yield Problem(("tiers", i, *way, name), ABSENT, remedy)
                elif way[-1] != "at" and kinds.get(name) in ("none-of-the-above", "residual"):
                    remedy = f"this option ({kinds[name]}) wins no seats; leave it out"
                    yield Problem(("tiers", i, *way, name), ABSENT, remedy)
        before = [other.get("how") for _, other in tiers if other is not tier][:i]
        if tier.get("how") == "compensated" and "compensated" in before:
            remedy = "another tier's votes for candidates count for the lists already"
            yield Problem(("tiers", i, "how"), "compensated", remedy)
        yield from _of_candidates(i, _table(tier.get("votes")), kinds, groups)
        yield from _levelled(data, i, tier, groups)
    yield from _about(data, [tier.get("id") for _, tier in tiers])


def _about(data: Mapping[str, Any], tiers: Sequence[Any]) -> Iterator[Problem]:
    """Events of a chamber or a tier that there is not, and lists that enter a tier."""
    for i, event in _tables(data, "events"):
        of = event.get("of", "lists")
        if of == "chamber" and not tiers:
            remedy = "the file has no [[tiers]] beside the lists: leave this out, or describe them"
            yield Problem(("events", i, "of"), "chamber", remedy)
        elif of in ASSEMBLIES or not isinstance(of, str):
            continue
        elif of not in tiers:
            known = [*ASSEMBLIES, *(tier for tier in tiers if isinstance(tier, str))]
            yield Problem(("events", i, "of"), of, f"no such assembly; {suggest(of, known)}")
        else:
            for part in ("all", "given"):
                for j, condition in _tables(event, part):
                    for kind in ("enters", "stays_out"):
                        if condition.get(kind) is not None:
                            remedy = f'lists enter by their votes: ask it of = "lists", or of seats in {of}'
                            yield Problem(("events", i, part, j, kind), str(condition[kind]), remedy)


def _of_candidates(
    i: int, votes: Mapping[str, Any], kinds: Mapping[str, Any], groups: Sequence[str]
) -> Iterator[Problem]:
    """Parties of ``[tiers.votes]`` that there are not, and options that have no candidates."""
    transfers = _table(votes.get("transfers"))
    for way, named in (
        *(((key,), _table(votes.get(key))) for key in ("split", "continues", "stands_in")),
        (("transfers",), transfers),
        *((("transfers", name), _table(here)) for name, here in transfers.items()),
    ):
        known = [*kinds, *(groups if way != ("split",) else ())]
        for name in named:
            if name not in known:
                remedy = (
                    f"no party{' or group' * (way != ('split',))} has this id; {suggest(str(name), known)}"
                )
                yield Problem(("tiers", i, "votes", *way, name), ABSENT, remedy)
            elif kinds.get(name) in ("none-of-the-above", "residual"):
                remedy = f"this option ({kinds[name]}) has no candidates; leave it out"
                yield Problem(("tiers", i, "votes", *way, name), ABSENT, remedy)


def _levelled(
    data: Mapping[str, Any], i: int, tier: Mapping[str, Any], groups: Sequence[str]
) -> Iterator[Problem]:
    """Winners of districts that the rule is to set against the share of their lists, and does not."""
    how = tier.get("how")
    if how not in ("levelled", "covered"):
        return
    before = [other.get("how") for _, other in _tables(data, "tiers")[:i]]
    if "covered" in before or (how == "covered" and "levelled" in before):
        remedy = "another tier's winners hold seats of the rule already"
        yield Problem(("tiers", i, "how"), how, remedy)
    rule = _table(data.get("rule"))
    mode, districts = _table(rule.get("levelling")).get("mode"), _table(rule.get("districts"))
    direct, own_votes = districts.get("direct"), districts.get("national_totals") == "own-votes"
    if how == "levelled" and mode not in ("keep", "redistribute", "level") and direct is None:
        remedy = 'winners are set against the share by rule.levelling.mode: "keep", "redistribute" or "level"'
        yield Problem(("tiers", i, "how"), how, remedy)
    if "districts" in rule and (direct is None if how == "levelled" else not own_votes):
        remedy = (
            "this rule has [rule.districts], which give their lists seats already; write apart, or "
            'rule.districts.direct = "start", where winners are set against the seats there'
        )
        if how == "covered":
            remedy = 'seats of lists in [rule.districts] cover winners by national_totals = "own-votes" alone'
        yield Problem(("tiers", i, "how"), how, remedy)
    belief = _table(tier.get("belief"))
    named = [tier.get("held"), belief.get("seats"), *_table(belief.get("chances")).values()]
    for name in dict.fromkeys(name for part in named for name in _table(part) if name in groups):
        remedy = f"'{name}' stands on no list whose share could be set against its seats"
        yield Problem(("tiers", i, "how"), how, remedy)
    if any(_count(party.get("direct_seats")) for _, party in _tables(data, "parties")):
        remedy = "the winners are drawn: leave out direct_seats of the parties, or put them into held"
        yield Problem(("tiers", i, "how"), how, remedy)


def _names(value: Any) -> list[str]:
    items = [value] if isinstance(value, str) else _items(value)
    return [item.strip() for item in items if isinstance(item, str) and item.strip()]


def _shifted_and_fixed(data: Mapping[str, Any]) -> Iterator[Problem]:
    estimate = _table(data.get("estimate"))
    both = Counter([*_table(estimate.get("shift")), *_table(estimate.get("share"))])
    for name, count in both.items():
        if count > 1:
            remedy = "the party has both a shift and a fixed share; keep one of them"
            yield Problem(("estimate", "shift", name), _table(estimate["shift"])[name], remedy)


def _withdrawn(data: Mapping[str, Any], kinds: Mapping[str, Any]) -> Iterator[Problem]:
    """Parties that withdraw: whom their voters can go to, how many there are, and what they leave behind."""
    withdrawn = _table(_table(data.get("estimate")).get("withdrawal"))
    for name, voters in withdrawn.items():
        where = ("estimate", "withdrawal", name)
        for to, share in _table(voters).items():
            if to == name:
                yield Problem((*where, to), share, "a party that withdraws keeps no voters; leave this out")
            elif to in withdrawn:
                remedy = f"'{to}' withdraws too: its voters must go to parties that stand"
                yield Problem((*where, to), share, remedy)
        handed_on = _sum_of_shares(_table(voters).values())
        if handed_on > 1:
            remedy = "its voters are handed on more than once; these shares add up to 100% at most"
            yield Problem(where, percent(handed_on), remedy)
    eligible = [name for name, kind in kinds.items() if kind in ELIGIBLE_KINDS]
    if eligible and all(name in withdrawn for name in eligible):
        remedy = "every party that can win seats withdraws; at least one must stand"
        yield Problem(("estimate", "withdrawal"), ", ".join(withdrawn), remedy)
    keeps_direct = bool(_table(data.get("rule")).get("levelling"))
    for _, party in _tables(data, "parties"):
        if isinstance(party.get("id"), str) and party["id"] in withdrawn:
            for key in ("extra_seats", *(("direct_seats",) if keeps_direct else ())):
                if party.get(key):
                    remedy = f"it keeps seats that the rule counts; set parties.{party['id']}.{key} to 0"
                    yield Problem(("estimate", "withdrawal", party["id"]), ABSENT, remedy)


def _sum_of_shares(values: Iterable[Any]) -> Fraction:
    """What the values add up to; those that are no shares are left to pydantic's own report."""
    total = Fraction(0)
    for value in values:
        with suppress(ValueError):
            total += parse_share(value)
    return total


class Holder(NamedTuple):
    """Seats of its own that one party has in the house whatever its votes: constituencies, a minimum.

    Seats added at the very end (``extra_seats``) are another matter: they may be those of a larger chamber,
    of which the rule hands out a part.
    """

    direct_seats: int
    min_seats: int


class Excess(NamedTuple):
    """More seats than the house has: the place of the party in its list (``None``: all together), the key."""

    holder: int | None
    key: str
    seats: int
    remedy: str


def excess_under(rule: Rule, holders: Sequence[object]) -> Iterator[Excess]:
    """What parties of an election file, or entries of a ballot, hold beyond the house of a rule."""
    held = [Holder(*(getattr(holder, key) for key in HELD_SEATS)) for holder in holders]
    start = (rule.levelling and rule.levelling.start_seats) or 0
    return beyond_the_house(held, rule.seats, start, levelled=rule.levelling_mode is not None)


def beyond_the_house(
    holders: Sequence[Holder], seats: int, start_seats: int = 0, *, levelled: bool = False
) -> Iterator[Excess]:
    """What parties hold beyond the ``seats`` that the rule hands out, one by one and together.

    Constituencies won are seats of that house only where the rule sets them against the share
    (``levelled``, from ``start_seats`` on where that is given); elsewhere they may merely admit a list.
    """
    for key in HELD_SEATS:
        if key == "direct_seats" and not levelled:
            continue
        house = max(seats, start_seats) if key == "direct_seats" else seats
        held = [getattr(holder, key) for holder in holders]
        alone = [(at, number) for at, number in enumerate(held) if number > house]
        for at, number in alone:
            remedy = f"more seats than the {house} that the rule hands out (rule.seats); is this a slip?"
            yield Excess(at, key, number, remedy)
        if not alone and sum(held) > house:
            remedy = f"{key} of all parties together are more than the {house} that the rule hands out"
            yield Excess(None, key, sum(held), f"{remedy} (rule.seats); is one a slip?")
