"""A rule in plain words, for people who check that the file says what the law says."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from forecast.election.methods import METHODS
from forecast.election.numbers import percent, plain
from forecast.election.rule import Allocation, Districts, Levelling, Rule
from forecast.election.threshold import AdmitLargest, LowerTo, Threshold

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
}
_LEVELLING_WORDS = {
    "keep": "a list keeps the larger of its seats held and its share, and the house grows",
    "redistribute": "lists that hold more than their share keep it, and the others divide the rest",
    "start": "the divisors of a list begin after the seats that it holds",
    "level": "the house grows until every share covers the seats held",
}


def rule_in_words(rule: Rule) -> list[str]:
    """Sentences that say what the rule does, in the order in which it does it."""
    house = f"{rule.seats} {'seat is' if rule.seats == 1 else 'seats are'} handed out"
    return [f"{house}.", *map(_as_sentence, _sentences(rule))]


def _as_sentence(words: str) -> str:
    return words[:1].upper() + words[1:] + ("" if words.endswith(".") else ".")


def _sentences(rule: Rule) -> Iterator[str]:
    yield from _threshold(rule.threshold) if rule.threshold is not None else ["every list takes part"]
    if rule.bonus is not None:
        most = rule.bonus.seats if rule.bonus.type == "fixed" else f"up to {rule.bonus.max}"
        yield f"the largest admitted list gets {most} seats as a bonus before the others are divided"
    if rule.weights:
        weights = (f"{plain(weight)} for {kind} lists" for kind, weight in rule.weights.items())
        yield f"a vote counts {', '.join(weights)} in the allocation"
    if rule.districts is not None:
        how = f"{_method(rule.districts)}{_districts(rule.districts)}"
        yield f"seats are divided in each constituency by {how}"
    if rule.allocation is not None:
        yield f"seats are divided nationally by {_method(rule.allocation)}"
    if rule.alliances is not None:
        yield f"lists of one alliance compete as one and divide its seats by {_method(rule.alliances)}"
        if rule.threshold is not None:
            yield (
                "a list below its own level takes no part, and its votes do not count for its alliance either"
            )
    if rule.levelling is not None:
        yield from _levelling(rule.levelling)
    if rule.cap is not None:
        limits = [f"{rule.cap.seats} seats"] if rule.cap.seats is not None else []
        if rule.cap.share_factor is not None:
            limits.append(f"{plain(rule.cap.share_factor)} times its share of {rule.cap.house} seats")
        yield f"no list gets more than {' or '.join(limits)}"
    if rule.ties == "lot":
        yield "ties are decided by lot, but between unequal votes by more votes"
    else:
        yield (
            "ties go to the list that stands earlier in the file (order of registration), but between "
            "unequal votes to the one with more"
        )


def _level(level: Fraction | str) -> str:
    return "one seat's worth (1 / seats)" if isinstance(level, str) else percent(level)


def _threshold(threshold: Threshold) -> Iterator[str]:
    comparison = "more than" if threshold.strict else "at least"
    base = BASE_WORDS[threshold.base]
    if threshold.level == 0 and not threshold.by_kind and not threshold.by_members:
        yield "every list takes part"
    else:
        yield f"a list takes part with {comparison} {_level(threshold.level)} of {base}"
    for members, level in threshold.by_members.items():
        yield f"a coalition of {members} or more parties needs {_level(level)}"
    for kind, level in threshold.by_kind.items():
        yield f"{kind} lists {'are exempt' if level == 0 else f'need {_level(level)}'}"
    if threshold.or_direct_seats is not None:
        yield f"{threshold.or_direct_seats} constituencies won admit a list as well"
    if threshold.or_regional_share is not None:
        yield f"{percent(threshold.or_regional_share)} in one region admits a list as well"
    if threshold.min_lists is not None:
        yield f"at least {threshold.min_lists} lists are admitted: the next-largest if need be"
    if threshold.min_joint_share is not None:
        yield f"lists are admitted until they hold {percent(threshold.min_joint_share)} of {base}"
    if threshold.runner_up_factor is not None:
        yield f"the votes of a list let in that way count {plain(threshold.runner_up_factor)} times"
    yield from _nobody(threshold)


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
        title = f"divisors {given}, ... (beyond these by the last step)"
    if part.remainder is None:
        return title
    whose = ", of all valid votes" if part.quota_of == "valid" else ""
    return f"{title}{whose}; {_REMAINDER_WORDS[part.remainder]}"


def _districts(districts: Districts) -> str:
    words = "" if districts.threshold else "; every list takes part there"
    if districts.leftover is not None:
        words += "; seats left over are divided nationally on the summed remainders"
    if districts.direct is not None:
        words += "; a list holds at least the constituencies that it won"
    return words


def _levelling(levelling: Levelling) -> Iterator[str]:
    if levelling.mode is not None:
        yield _LEVELLING_WORDS[levelling.mode]
    if levelling.deduct_unadmitted:
        yield "seats held by lists that are not admitted are kept and taken off the pool"
