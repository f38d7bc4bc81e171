"""A rule in plain words, for people who check that the file says what the law says; and what the seats of a
tier beside the lists rest on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from forecast.election.constituencies import LEVELLED, Districts, Levelling, LocalThreshold, Placing
from forecast.election.methods import METHODS, Allocation, Bonus, Guaranteed, Majority, goes_on
from forecast.election.rule import AdmitLargest, AllianceLevels, LowerTo, Rule, Threshold
from forecast.election.values import DecidedBy, TieRule, percent, plain

if TYPE_CHECKING:
    from forecast.election.tiers_and_groups import ChamberTier, DistrictVotes


BASE_WORDS = {
    "valid": "the valid votes (for lists and against all)",
    "lists": "the votes for lists",
    "cast": "the ballots cast, invalid ones included",
    "registered": "all registered voters",
}
_REMAINDER_WORDS = {
    "largest": "seats left over go to the largest remainders",
    "largest-lists": "seats left over go to the lists with the most votes",
    "largest-then-average": "seats left over go by remainder first, then by votes per seat",
    "highest-average": "seats left over go one by one to the highest votes / (seats + 1)",
    "largest-then-highest-average": "seats left over go one each by remainder, then one each by votes / "
    "(seats + 1)",
    "without-quota": "seats left over go one each to the lists with the most votes among those without a "
    "whole quota, then to the others",
    "rounded": "a remainder counts as a whole quota",
}
_LEVELLING_WORDS = {
    "keep": "a list keeps the larger of its seats held and its share, and the house grows",
    "redistribute": "lists that hold more than their share keep it, and the others divide the rest",
    "return": "lists that hold more than their share give district seats back, at their lowest quotients, to "
    "the next in turn there",
    "start": "the divisors of a list begin after the seats that it holds",
    "apart": "the seats that the districts leave are divided by the national votes, whatever a list holds",
    "part": "a list gets a part of what its share of the whole house is above the seats that it holds, "
    "rounded; "
    "in proportion to these numbers where they are more seats than there are, and what they leave by the "
    "votes",
    "level": "the house grows until every share covers the seats held",
}


def rule_in_words(rule: Rule) -> list[str]:
    """Sentences that say what the rule does, in the order in which it does it."""
    house = f"{rule.seats} {'seat is' if rule.seats == 1 else 'seats are'} handed out"
    return [f"{house}.", *map(_as_sentence, _sentences(rule))]


def _as_sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


def _sentences(rule: Rule) -> Iterator[str]:
    local = rule.districts.local_threshold if rule.districts is not None else None
    if rule.threshold is not None:
        yield from _threshold(rule.threshold)
    elif local is None:
        yield "every list takes part"
    if rule.threshold is not None and not _asks_nothing(rule.threshold):
        yield _of_those_who_fall_out(rule, rule.threshold)
    if rule.guaranteed is not None:
        yield _guaranteed(rule.guaranteed)
    if rule.bonus is not None and rule.bonus.type == "at-least":
        yield _at_least(rule.bonus)
    elif rule.bonus is not None:
        yield _with_article(
            f"the largest admitted list gets {_seats_of(rule.bonus)} as a bonus before the others are "
            "divided",
            rule.bonus.article,
        )
    if rule.weights:
        weights = (f"{plain(weight)} for {kind} lists" for kind, weight in rule.weights.items())
        yield f"a vote counts {', '.join(weights)} in the allocation"
    if rule.districts is not None:
        yield from _of_districts(rule, rule.districts)
    if rule.national_method is not None and (rule.districts is None or rule.levelling or rule.allocation):
        article = rule.allocation.article if rule.allocation is not None else ""
        yield _with_article(f"seats are divided nationally by {_method(rule.national_method)}", article)
    if rule.alliances is not None:
        yield _with_article(
            f"lists of one alliance compete as one and divide its seats by {_method(rule.alliances)}",
            rule.alliances.article,
        )
        if rule.threshold is not None and rule.threshold.alliances is None:
            yield (
                "a list below its own level takes no part, and its votes do not count for its alliance either"
            )
    if rule.majority is not None:
        yield from _majority(rule.majority)
    if rule.levelling is not None:
        yield from _levelling(rule, rule.levelling)
    if rule.cap is not None:
        limits = [f"{rule.cap.seats} seats"] if rule.cap.seats is not None else []
        if rule.cap.share_factor is not None:
            limits.append(f"{plain(rule.cap.share_factor)} times its share of {rule.cap.house} seats")
        if rule.cap.share_plus is not None:
            limits.append(
                f"{percent(rule.cap.share_plus)} of {rule.cap.house} seats beyond its share of them"
            )
        left = ", constituencies that it won included" if rule.cap.by_share else ""
        left += "; what exceeds it is left over" if rule.cap.excess == "left-over" else ""
        yield _with_article(f"no list gets more than {' or '.join(limits)}{left}", rule.cap.article)
    yield _ties(rule.ties)


def _guaranteed(guaranteed: Guaranteed) -> str:
    seats = "1 seat" if guaranteed.seats == 1 else f"{guaranteed.seats} seats"
    words = f"every admitted list with {percent(guaranteed.from_)} of the votes gets {seats} first"
    return _with_article(words, guaranteed.article)


def _at_least(bonus: Bonus) -> str:
    least = "" if bonus.from_ is None else f" with at least {percent(bonus.from_)} of the votes"
    first = f"the largest list or alliance{least}" if bonus.winner is None else f"{bonus.winner}, which won"
    first += "" if bonus.winner is None else " the second round,"
    apart = ", each list of them for itself" if bonus.others == "lists" else ""
    words = f"{first} gets at least {_seats_of(bonus)}, and the others divide the rest{apart}"
    return _with_article(words, bonus.article)


def _majority(majority: Majority) -> Iterator[str]:
    of = {"valid": "valid votes", "admitted": "votes of admitted lists", "seats": "seats"}[majority.of]
    share = "more than half" if majority.to is None else f"at least {percent(majority.to)}"
    share += " of them" if majority.of == "seats" else " of the seats"
    lacks = "those that it lacks pass from the lists that won the last ones"
    how = lacks if majority.seat == "moved" else "the house grows by those that it lacks"
    if majority.of != "seats" or majority.to is not None:
        words = f"a list with more than half of the {of} gets {share}; {how}"
        yield _with_article(words, majority.article)
    if majority.at_most is not None:
        yield _with_article(
            f"where a list has more than {plain(majority.at_most)} of the seats the house grows until it "
            "has not, and the others divide the seats added in proportion to theirs",
            majority.article,
        )


TIE_WORDS: dict[DecidedBy, str] = {
    "votes": "the list with more votes",
    "fewest-votes": "the list with fewer votes",
    "national-votes": "the list with more votes in all districts",
    "no-seat": "a list without a seat",
    "precincts": "the list that won more precincts (which no table of votes has)",
    "registration": "the list that stands earlier in the file (order of registration)",
    "list-number": "the list with the smaller number on the ballot",
    "lot": "a lot",
}


def _ties(ties: TieRule) -> str:
    steps = [TIE_WORDS[step] for step in ties]
    if ties[-1] == "lot":
        first = f"first to {', then to '.join(steps[:-1])}, then " if steps[:-1] else ""
        return f"equal claims go {first}by a lot among all that are equal still"
    return f"equal claims go to {', then to '.join(steps)}"


def _level(level: Fraction | str) -> str:
    return "one seat's worth (1 / seats)" if isinstance(level, str) else percent(level)


def _threshold(threshold: Threshold) -> Iterator[str]:
    comparison = "more than" if threshold.strict else "at least"
    base = BASE_WORDS[threshold.base]
    if _asks_nothing(threshold):
        yield "every list takes part"
    elif threshold.level == 1:
        yield _with_article("no list takes part by its votes in all", threshold.article)
    else:
        yield _with_article(
            f"a list takes part with {comparison} {_level(threshold.level)} of {base}", threshold.article
        )
    yield from _of_groups(threshold)
    if threshold.or_direct_seats == 1:
        yield "1 constituency won admits a list as well"
    elif threshold.or_direct_seats is not None:
        yield f"{threshold.or_direct_seats} constituencies won admit a list as well"
    if threshold.or_regional_share is not None:
        yield f"{percent(threshold.or_regional_share)} in one region admits a list as well"
    if threshold.or_district_share is not None:
        share, places = percent(threshold.or_district_share), threshold.share_in_districts
        where = "of one district" if places == 1 else f"in each of {places} districts"
        as_well = "" if threshold.level == 1 else " as well"
        yield f"{share} of the valid votes {where} admit a list{as_well}"
    if threshold.or_district_seats is not None:
        seats = "1 seat" if threshold.or_district_seats == 1 else f"{threshold.or_district_seats} seats"
        yield f"a list with {seats} won in the districts takes part in the levelling as well"
    if threshold.or_regions_at_quota is not None:
        yield (
            f"the votes of an average district seat in each of {threshold.or_regions_at_quota} regions admit "
            "a list to the levelling seats as well"
        )
    if threshold.alliances is not None:
        yield from _alliance_levels(threshold.alliances, comparison)
    if threshold.min_lists is not None:
        yield f"at least {threshold.min_lists} lists are admitted: the next-largest if need be"
    if threshold.min_joint_share is not None:
        yield f"lists are admitted until they hold {percent(threshold.min_joint_share)} of {base}"
    if threshold.runner_up_factor is not None:
        yield f"the votes of a list let in that way count {plain(threshold.runner_up_factor)} times"
    yield from _nobody(threshold)


def _asks_nothing(threshold: Threshold) -> bool:
    return threshold.level == 0 and not threshold.by_kind and not threshold.by_members


def _of_groups(threshold: Threshold | LocalThreshold, there: str = "") -> Iterator[str]:
    """The levels of coalitions by their members, and those of kinds of lists."""
    steps = sorted(threshold.by_members.items())
    for k, (members, level) in enumerate(steps):
        most = steps[k + 1][0] - 1 if k + 1 < len(steps) else None
        who = f"{members} or more" if most is None else f"{members}{f' to {most}' if most > members else ''}"
        yield f"{there}a coalition of {who} parties needs {_level(level)}"
    for kind, level in threshold.by_kind.items():
        yield f"{there}{kind} lists {'are exempt' if level == 0 else f'need {_level(level)}'}"


def _of_those_who_fall_out(rule: Rule, threshold: Threshold) -> str:
    """What becomes of the votes of lists that take no part."""
    districts = rule.districts
    guards_levelling = districts is not None and not districts.threshold and not rule.only_places
    won = "win seats in the districts alone" if guards_levelling else "win no seat"
    words = f"votes for lists that take no part {won}"
    if threshold.base != "registered":
        words += "; they count in what the level is a share of"
    if any(part is not None and part.quota_of == "valid" for part in (rule.allocation, districts)):
        words += "; they stand behind the quota of a seat"
    return words


def _alliance_levels(levels: AllianceLevels, comparison: str) -> Iterator[str]:
    words = f"the lists of an alliance take part with {comparison} {percent(levels.level)} together"
    if levels.votes_from:
        words += f", in which the votes of lists below {percent(levels.votes_from)} do not count"
    if levels.seats_from:
        words += f"; of them only lists with {percent(levels.seats_from)} win seats, and the votes of the "
        words += "others count for their alliance"
    yield _with_article(words, levels.article)


def _nobody(threshold: Threshold) -> Iterator[str]:
    match threshold.nobody:
        case "void":
            yield "if no list reaches its level, the election is void"
        case AdmitLargest(admit=number):
            yield f"if no list reaches its level, the {number} largest take part"
        case LowerTo(lower_to=share):
            yield f"if no list reaches its level, the level falls to {percent(share)}"
        case _:
            return


def _method(part: Allocation) -> str:
    title = METHODS[part.method].title
    if part.power is not None:
        title = f"divisors n^{plain(part.power)}"
    if part.divisors is not None:
        given = ", ".join(plain(divisor) for divisor in part.divisors)
        last = "by the ratio of the last two" if goes_on(part) == "ratio" else "by the last step"
        title = f"divisors {given}, ... (beyond these {last})"
    if part.remainder is None:
        return title
    whose = ", of all valid votes" if part.quota_of == "valid" else ""
    needs = ""
    if part.remainder_from is not None:
        needs = f", among lists with {percent(part.remainder_from)} of a quota if there are any"
    if part.remainder == "rounded" and part.remainder_from is not None:
        needs = f" from {percent(part.remainder_from)} of one on"
    if isinstance(part, Districts) and part.leftover is not None and part.remainder == "largest":
        return f"{title}{whose}, whole ones alone"
    return f"{title}{whose}; {_REMAINDER_WORDS[part.remainder]}{needs}"


def _with_article(words: str, article: str) -> str:
    return f"{words} ({article})" if article else words


def _seats_of(bonus: Bonus) -> str:
    most = bonus.max if bonus.type == "graded" else bonus.seats
    seats = "1 seat" if most == 1 else f"{most} seats"
    return f"up to {seats}" if bonus.type == "graded" else seats


def _of_districts(rule: Rule, districts: Districts) -> Iterator[str]:
    how = f"{_method(districts)}{_districts(districts)}"
    if districts.national_totals == "own-votes":
        words = f"each list divides its seats among the districts by its own votes there, by {how}"
        yield _with_article(words, districts.article)
        return
    if districts.seats != "given":
        votes = "the votes cast in them, by Hare quota and largest remainders"
        by = votes if districts.seats == "by-votes" else "their population, by Sainte-Laguë"
        yield f"the districts share {districts.start_seats or rule.seats} seats by {by}"
    yield _with_article(f"seats are divided in each district by {how}", districts.article)
    exempt = rule.threshold is not None and "independent" in rule.threshold.by_kind
    if exempt and districts.leftover not in (None, LEVELLED):
        yield "an independent has one seat at most, with a whole quota of a district"
        yield "independents take no part in the division of the seats left over"
    if rule.threshold is not None and not districts.threshold and districts.leftover not in (None, LEVELLED):
        yield "only lists that reach the level take part in the division of the seats left over"
    if districts.last_seats_from is not None:
        base = rule.threshold.base if rule.threshold is not None else "valid"
        yield (
            "what whole quotas leave of these seats goes one each by remainder, round after round, to lists "
            f"with at least {percent(districts.last_seats_from)} of {BASE_WORDS[base]}, if there are any"
        )
    if districts.local_threshold is not None:
        yield from _local(districts.local_threshold)
    if districts.bonus is not None:
        yield _with_article(
            f"the first list of each district gets {_seats_of(districts.bonus)} of it before the others "
            "are divided",
            districts.bonus.article,
        )
    if districts.seatless == "shared":
        yield (
            "votes of districts without seats are added to each list in the others, in proportion to "
            "the valid votes there"
        )


def _local(local: LocalThreshold) -> Iterator[str]:
    comparison = "more than" if local.strict else "at least"
    place, base = local.of, f"{BASE_WORDS[local.base]} there"
    if local.waives_national:
        words = f"a list with {comparison} {_level(local.level)} of {base} takes part in that {place} as well"
    else:
        words = f"in each {place} a list needs {comparison} {_level(local.level)} of {base}"
    yield _with_article(words, local.article)
    yield from _of_groups(local, "there ")
    if not local.waives_national:
        yield f"votes for lists that do not reach it win no seat in the {place}"


def _districts(districts: Districts) -> str:
    words = "" if districts.threshold else "; every list takes part there"
    if districts.leftover is not None:
        words += (
            "; seats left over are divided nationally with all others"
            if districts.leftover == LEVELLED
            else "; seats left over are divided nationally on the summed remainders, by "
            f"{METHODS[districts.leftover].title}"
        )
    if districts.quota_in == "region":
        words += "; the quota is that of the region, where further whole ones are given"
    if districts.direct == "plurality":
        words += "; a list holds at least the constituencies that it won"
    if districts.direct == "mean":
        words += (
            "; a list holds at least the constituencies that it won, or the mean of these and its share "
            "there, rounded up, and in all no fewer than its shares"
        )
    if districts.direct == "start":
        words += "; a list holds the constituencies that it won besides, and its divisors begin after them"
    if districts.national_totals == "biproportional":
        words += (
            "; they place the seats that lists have nationally, by divisors of districts and of lists with "
            "which both have theirs (double proportion)"
        )
        if districts.voters:
            words += "; nationally a list counts with its votes in each district by the seats there"
            words += ", not rounded" if districts.voters == "fractions" else ", rounded"
        if districts.strongest_list is not None:
            where = "a constituency" if districts.strongest_list == "all" else "a constituency of one seat"
            words += f"; the list with most votes in {where} has a seat there at least"
    if districts.national_totals == "smallest-remainders":
        words += (
            "; they place the seats that lists have nationally: seats given by the smallest remainders pass "
            "from lists above their total to lists below it"
        )
    return words


_COMPARED = {
    "votes": "votes there",
    "share": "its share of the valid votes there",
    "quotas": "votes there over the valid votes per fixed seat there",
}


def _levelling(rule: Rule, levelling: Levelling) -> Iterator[str]:
    if levelling.mode is not None:
        words = _LEVELLING_WORDS[levelling.mode]
        words = words.replace("grows until", f"grows from {levelling.start_seats or rule.seats} seats until")
        if levelling.part is not None:
            words = words.replace("a part", f"{plain(levelling.part)}", 1).replace(
                "the whole house", f"{levelling.house} seats", 1
            )
        if levelling.parity is not None:
            words += f", and by one more to an {levelling.parity} number"
        yield _with_article(words, levelling.article)
    if levelling.unbalanced:
        yield (
            f"up to {levelling.unbalanced} constituencies won beyond a list's share, of all lists together, "
            "stay without others growing for them"
        )
    if levelling.deduct_unadmitted:
        yield "seats held by lists that are not admitted are kept and taken off the pool"
    for step in levelling.placing:
        yield _with_article(_placing(step), step.article)


def _placing(step: Placing) -> str:
    place, divisors = step.where, METHODS[step.method].title
    words = (
        f"a list takes its levelling seats in the {place} with the highest quotient of "
        f"{_COMPARED[step.compare]} by {divisors}, after the seats held there"
    )
    if step.order == "national":
        words += "; in the order in which they were won"
    if step.capacity is not None:
        most = step.capacity if isinstance(step.capacity, int) else "so many as it has levelling seats"
        words += f"; each {place} takes {most}"
    return words


LISTS = "lists"
"""Id of the tier of the rule."""


def basis_of(tier: ChamberTier, names: Mapping[str, str]) -> str:
    """One sentence: seats held whoever votes, and a belief, named as what it is."""
    if not tier.seats:
        return "left out: no seats"
    parts = []
    if tier.held:
        parts.append(f"held whoever votes: {_seats(tier.held, names)}")
    if tier.votes is not None:
        parts.append(_of_votes(tier.votes))
    if tier.belief is not None:
        followed = " and ".join(names.get(name, name) for name in tier.belief.follows)
        followed = followed or ("each party" if tier.belief.chances else _leader(tier, names))
        believed = _seats(tier.belief.likeliest, names)
        if tier.belief.chances:
            believed = (
                f"chances in each of {len(tier.belief.chances)} districts, which make {believed} most likely,"
            )
        said = f"a belief, not polls or results: {believed} "
        at = f"at {_shares(tier, names)} of the votes" if tier.belief.at else "at the centre of the draws"
        moved = (
            f"moved with the national share of {followed} (slope "
            f"{float(tier.belief.slope):g}) and by an error that all districts share (spread "
            f"{float(tier.belief.spread):g}, on log odds)"
        )
        rests = f"; {tier.belief.source}" if tier.belief.source else ""
        parts.append(f"{said}{at}; {moved}{rests}")
    return "; ".join(parts) or "nothing says who may win them"


def _of_votes(votes: DistrictVotes) -> str:
    """What draws of districts by votes rest on."""
    what = "candidates" if votes.cast == "candidates" else "lists"
    split = (
        "the national votes that the polls ask for"
        if votes.split == "same"
        else f"the national votes for lists by the last split (error {float(votes.split_error):g} on the log)"
    )
    said = (
        f"the last votes for {what} in each district, which follow {split}; candidates err by "
        f"{float(votes.error_of_candidates):g} on the log besides"
    )
    if votes.rounds == 1:
        return f"{said}; most votes win"
    return (
        f"{said}; without more than {float(100 * votes.majority):g} % of the votes the first two meet again, "
        f"and the voters of the others choose between them with an error of {float(votes.transfer_error):g} "
        "on log odds"
    )


def _leader(tier: ChamberTier, names: Mapping[str, str]) -> str:
    """The name of the holder that the belief gives most seats."""
    assert tier.belief is not None
    seats = tier.belief.seats
    first = max(seats, key=lambda name: seats[name])
    return names.get(first, first)


def _shares(tier: ChamberTier, names: Mapping[str, str]) -> str:
    assert tier.belief is not None
    return " and ".join(f"{names.get(n, n)} {float(100 * s):.3g} %" for n, s in tier.belief.at.items())


def _seats(seats: Mapping[str, int], names: Mapping[str, str]) -> str:
    return ", ".join(f"{names.get(name, name)} {number}" for name, number in seats.items() if number)
