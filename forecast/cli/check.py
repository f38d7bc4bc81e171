"""``forecast check``, ``count``, ``verify`` and ``methods``: an election file is read, its rule applied to
real votes; nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forecast.cli.shared import (
    AsOf,
    ConfigFile,
    Json,
    On,
    Quiet,
    Settings,
    argument,
    option,
    refuse_beside,
    say_warnings,
    with_vote_on,
)
from forecast.cli.telling import show, show_json, tell
from forecast.errors import ABSENT, ConfigurationError, Fault, PollDataError

if TYPE_CHECKING:
    import datetime

    from forecast.election import Election
    from forecast.election.schema import ElectionFacts
    from forecast.geography.known_districts import Geography
    from forecast.polls import PollTable
    from forecast.rules.case_files import Verification

Checked = Annotated[
    Path,
    argument(
        metavar="CONFIG", help="Election file (TOML); or a saved forecast, or an archive of past elections."
    ),
]
Strict = Annotated[bool, option("--strict", help="Refuse what is doubted of the polls.")]
Updating = Annotated[
    bool,
    option(
        "--update",
        help="First write an election file of an earlier version as this one reads it; comments and order "
        "stay.",
    ),
]


def check(
    config: Checked,
    as_of: AsOf = None,
    on: On = None,
    settings: Settings = None,
    strict: Strict = False,
    update: Updating = False,
    quiet: Quiet = False,
) -> None:
    """Read an election file and its polls, say all that is wrong, run nothing.

    Prints what was understood: the ballot, the rule in words, the polls, and the day that counts as today. A
    forecast that was saved, or an archive, is read and said to be whole, or refused with what to do.
    """
    if (read := _reader_of(config)) is not None:
        given = {"--as-of": as_of, "--on": on, "--set": settings, "--strict": strict or None}
        refuse_beside("check an election file", given, "a forecast or an archive is read as it is")
        for topic, text in read(config):
            show(f"{topic:<10} {text}")
        if not quiet:
            tell("nothing wrong" + ("; nothing to update" if update else ""))
        return
    if update:
        _update(config, quiet=quiet)
    election = _checked_election(config, with_vote_on(settings, on))
    polls = None
    if as_of is not None:
        from forecast.election.loading import day_of_forecast

        as_of = day_of_forecast(election, as_of, "--as-of")
    as_of = as_of or election.election.on
    if election.election.polls is not None:
        from forecast.polls import read_polls
        from forecast.simulation.inputs import refuse_size

        refuse_size(election)
        polls = read_polls(election.election.polls, election)
        if strict and polls.doubts:
            raise PollDataError(*(Fault(polls.place, "", ABSENT, doubt.text) for doubt in polls.doubts))
    geography = _geography_of(election)
    if polls is not None:
        _refuse_what_is_not_drawn(election, geography)
    summary = [*_summary(election, polls, as_of, geography), *_map_of(election, geography)]
    warnings = _warnings(election, polls, as_of, geography)
    for topic, text in summary:
        show(f"{topic:<10} {text}")
    say_warnings(warnings, below_tables=False)
    if not quiet:
        first = "" if polls is not None else "name a table of polls in it (election.polls), then: "
        found = "nothing wrong" if not warnings else "nothing wrong in form; mind the warnings"
        tell(f"{found}; next: {first}forecast run {config}")


def _refuse_what_is_not_drawn(election: Election, geography: Geography | None) -> None:
    """A forecast would refuse what its core cannot draw, after its polls are read."""
    from forecast.rules.compiled import cannot_draw, compile_rules
    from forecast.simulation.inputs import needs
    from forecast.simulation.local import table_of

    rule, held = election.rule, sum(tier.seats for tier in election.levelled)
    if faults := cannot_draw(rule, election.place, held):
        raise ConfigurationError(*faults)
    if rule.threshold is not None:
        needs(election, rule.threshold.base, election.place)
    drawn = geography is not None and rule.districts is not None and not rule.only_places
    table = table_of(geography.places, rule) if geography is not None and drawn else None
    lists = [party for party in election.parties if party.eligible]
    compile_rules([rule], lists, election.place, table, held)


def _reader_of(path: Path) -> Callable[[Path], Iterator[tuple[str, str]]] | None:
    """What reads a forecast that was saved, or an archive; ``None`` for an election file."""
    if path.suffix in (".nc", ".zarr"):
        return _saved
    if not path.is_dir():
        return None
    if (path / "elections.csv").exists():
        return _archive
    if (path / "transitions.csv").exists():
        return _archive_by_district
    return _saved if any(path.glob("*.nc")) else None


def _saved(path: Path) -> Iterator[tuple[str, str]]:
    from forecast.storage import load

    forecast = load(path)
    attrs = forecast.attrs
    yield "forecast", f"{attrs['election_name']} ({forecast.election})"
    yield "", f"{forecast!r}"
    yield "schema", f"{attrs['schema_version']}"
    for warning in attrs["warnings"]:
        yield "warning", str(warning)


def _archive(folder: Path) -> Iterator[tuple[str, str]]:
    from forecast.verification.past_elections import read_archive

    elections = read_archive(folder)
    polls = sum(len(one.polls) for one in elections)
    yield "archive", f"{len(elections)} elections with a result, {polls:,} national polls"


def _archive_by_district(folder: Path) -> Iterator[tuple[str, str]]:
    from forecast.verification.election_pairs import read_pairs

    found = read_pairs(folder)
    yield "archive", f"{len(found.pairs)} pairs of elections by district"
    for why in found.left_out:
        yield "", f"left out: {why}"


def _update(config: Path, *, quiet: bool) -> None:
    """Write the election file as this version reads it, where an earlier one read it otherwise."""
    from forecast.election.updating import updated
    from forecast.writing import replacing

    data, updates = updated(config)
    for one in updates:
        show(f"{'updated':<10} {one}")
    if updates:
        with replacing(config) as draft:
            draft.write_bytes(data)
    if not quiet:
        tell(f"wrote {config}" if updates else f"{config}: nothing to update")


def _map_of(election: Election, geography: Geography | None) -> Iterator[tuple[str, str]]:
    """What the map of the districts knows of them; ``ConfigurationError`` where it is none."""
    if geography is None or election.geography is None or election.geography.map is None:
        return
    from forecast.geography.known_districts import read_outlines

    districts = {place.name: place.label for place in geography.places.places}
    found = read_outlines(Path(election.geography.map), districts)
    without = f"; without one: {', '.join(found.missing)}" if found.missing else ""
    yield "map", f"outlines of {len(found.by_district)} of {len(districts)} districts{without}"


def _geography_of(election: Election) -> Geography | None:
    """The districts and the last result in them; ``None`` where there are none, or where the districts of a
    count are all that the file knows of them.
    """
    from forecast.geography.known_districts import read_geography

    if election.geography is None and election.election.polls is None:
        return None
    return read_geography(election)


def _warnings(
    election: Election, polls: PollTable | None, as_of: datetime.date | None, geography: Geography | None
) -> list[str]:
    """What a count and a run would say of the file, its result and its polls, and what is doubted of polls
    not known by then. Whatever a run would refuse is refused here.
    """
    from forecast.election.notes import beliefs_of, warnings_on

    said = _of_the_result(election)
    if polls is not None:
        from forecast.estimation import estimate
        from forecast.simulation.grounds import refuse_without_the_largest

        estimated = estimate(election, polls, as_of)
        refuse_without_the_largest(election, estimated)
        said += [*estimated.warnings, *polls.doubted]
        if geography is not None:
            from forecast.geography.projection import projection_of

            said += projection_of(election, geography, estimated).warnings
    elif geography is not None:
        said += geography.warnings
    return warnings_on(election, said, beliefs_of(election))


def _of_the_result(election: Election) -> list[str]:
    """What a count of the official result would say; nothing where the file names none, or not its totals."""
    from forecast.rules.counts import outcome_of, read_count
    from forecast.rules.remarks import remarks_on
    from forecast.rules.tables import holds_votes

    table = election.rule.districts.table if election.rule.districts is not None else None
    if election.election.result is None and (table is None or not holds_votes(table)):
        return []
    try:
        ready = read_count(election)
    except ConfigurationError:
        return []  # a total that a count needs and a forecast does not
    outcome = outcome_of(election, ready)
    official = ready.official, ready.official_districts
    return [*ready.warnings, *remarks_on(election, ready.ballot, outcome, *official)]


def _checked_election(config: Path, settings: Sequence[str]) -> Election:
    """The election; where its file is faulty, the faults of its polls are reported with those of the file."""
    from forecast.election import load_election

    try:
        return load_election(config, settings)
    except ConfigurationError as error:
        _say_what_updates(config)
        raise ConfigurationError(*error.faults, *_poll_faults(config, settings)) from None


def _say_what_updates(config: Path) -> None:
    """Where an earlier version read the file otherwise, the option that writes it anew."""
    from forecast.election.loading import read_tables
    from forecast.election.updating import updates_of

    try:
        updates = updates_of(read_tables(config))
    except ConfigurationError:
        return
    if updates:
        tell(
            f"written for an earlier version: forecast check --update {config} writes it as this one reads it"
        )


def _poll_faults(config: Path, settings: Sequence[str]) -> tuple[Fault, ...]:
    """What is wrong with the polls of a faulty file, as far as its ballot can be read without the rest."""
    from forecast.election import parse_election
    from forecast.election.loading import read_tables
    from forecast.polls import read_polls

    try:
        tables = read_tables(config)
        ballot = {key: tables[key] for key in ("election", "parties") if key in tables}
        rule = {"seats": 1, "allocation": {"method": "hare"}}
        of_ballot = [setting for setting in settings if setting.strip().startswith(("election.", "parties."))]
        election = parse_election({**ballot, "rule": rule}, str(config), of_ballot, config.parent)
        if election.election.polls is not None:
            read_polls(election.election.polls, election)
    except ConfigurationError:
        return ()  # the same faults as before; the polls can be checked when these are mended
    except PollDataError as error:
        return error.faults
    return ()


def _summary(
    election: Election, polls: PollTable | None, as_of: datetime.date | None, geography: Geography | None
) -> Iterator[tuple[str, str]]:
    from forecast.election.notes import idle_keys
    from forecast.rules.compiled import cannot_draw
    from forecast.words.law_in_words import rule_in_words

    facts = election.election
    yield "election", f"{facts.name} ({facts.id}), {_day_of(facts)}"
    yield "ballot", ", ".join(party.id for party in election.parties if party.eligible)
    seatless = [party.id for party in election.parties if not party.eligible]
    if seatless:
        yield "", f"without seats: {', '.join(seatless)}"
    yield (
        "",
        "closed: every option is listed" if facts.closed_ballot else "open: votes for others are possible",
    )
    for number, sentence in enumerate(rule_in_words(election.rule)):
        yield "rule" if number == 0 else "", sentence
    for key in idle_keys(election):
        yield "", f"{key.path} changes nothing: {key.why}."
    held = sum(tier.seats for tier in election.levelled)
    for fault in cannot_draw(election.rule, election.place, held):
        yield "", f"Counted, not drawn: a forecast would refuse {fault.path}."
    if election.rule.law:
        yield "", f"Law: {election.rule.law}."
    yield from _chamber(election)
    yield from _missing_facts(election)
    if geography is not None:
        yield from _geography(election, geography)
    if polls is None:
        yield "polls", "none named"
    else:
        yield from _polls(polls, as_of)
    names = [item.id for item in (*election.coalitions, *election.events)]
    yield "questions", ", ".join(names) if names else "none: add [[coalitions]] and [[events]]"


def _chamber(election: Election) -> Iterator[tuple[str, str]]:
    """The tiers beside the lists, and what each rests on."""
    if not election.tiers:
        return
    from forecast.words.law_in_words import basis_of

    seats, names = election.chamber_seats, {one.id: one.name for one in (*election.parties, *election.groups)}
    yield "chamber", f"{seats} seats, {seats // 2 + 1} for a majority: {election.rule.seats} of the lists"
    for tier in election.tiers:
        yield "", f"{tier.name}, {tier.seats} seats: {basis_of(tier, names)}."
        if tier.votes is not None and tier.seats:
            from forecast.geography.candidates import read_tier_votes

            yield from (("", line) for line in read_tier_votes(election, tier).matched)


def _geography(election: Election, geography: Geography) -> Iterator[tuple[str, str]]:
    """The last result: how much of it has an heir, and how large the errors of districts are."""
    from forecast.geography.projection import error_law_in_words

    for number, line in enumerate((*geography.matched, *error_law_in_words(election))):
        yield "geography" if number == 0 else "", line


def _missing_facts(election: Election) -> Iterator[tuple[str, str]]:
    """What the base of the threshold needs and the file does not give."""
    base = election.rule.threshold.base if election.rule.threshold is not None else "valid"
    needed = {"cast": ("invalid_share",), "registered": ("invalid_share", "turnout")}.get(base, ())
    missing = [f"election.{name}" for name in needed if getattr(election.election, name) is None]
    if missing:
        yield "", f"For a forecast the base '{base}' needs {' and '.join(missing)}, a share or a range."


def _polls(polls: PollTable, as_of: datetime.date | None) -> Iterator[tuple[str, str]]:
    table = polls.polls
    pollsters = len(set(table["pollster"]))
    yield "polls", f"{polls.place}: {len(table)} by {pollsters} pollster{'' if pollsters == 1 else 's'}"
    for sentence in polls.understood:
        yield "", sentence
    exits = len(polls.national.exit_polls)
    yield "", f"{exits} exit polls, {len(polls.national) - exits} other national polls"
    if len(table) > len(polls.national):
        yield "", f"{len(table) - len(polls.national)} of a part of the country, which enter no mean"
    day = as_of if as_of is not None else polls.default_as_of()
    known = polls.national.known_at(day)
    if not len(known):
        first = table["known"].min().date()
        remedy = f"no national poll is known by {day}; the first poll is known on {first}"
        raise PollDataError(Fault(polls.place, "", ABSENT, remedy))
    newest = known.polls["known"].max().date()
    yield "as of", f"{day}: {len(known)} national polls known, the newest on {newest}"
    if len(known.exit_polls):
        yield "", f"{len(known.exit_polls)} exit polls are among them: they alone enter the mean"


def _day_of(facts: ElectionFacts) -> str:
    """The day of the vote, and which one is forecast where that is another."""
    if facts.date is None and facts.on is None:
        return "day not known: as if held on the day of the forecast"
    return f"{facts.date or 'day not known'}" + (
        f", as if held on {facts.on}" if facts.on is not None else ""
    )


VotesFile = Annotated[
    Path | None,
    option(
        "--votes",
        metavar="FILE",
        help="Table of votes (CSV with columns party, votes). Default: the result that the file names.",
    ),
]
CasesFiles = Annotated[
    list[Path],
    argument(
        metavar="FILE...",
        help="Files of real counts (JSON), election files with official seats (TOML), or folders of these.",
    ),
]


def count(
    config: ConfigFile, votes: VotesFile = None, as_json: Json = False, settings: Settings = None
) -> None:
    """Official votes in, seats out: apply the rule exactly and say what decided the last seats."""
    from forecast.cli.count_report import print_count, refuse_void, seats_as_json
    from forecast.election import load_election
    from forecast.election.notes import warnings_on
    from forecast.rules.counts import outcome_of, read_count
    from forecast.rules.remarks import remarks_on

    election = load_election(config, settings or ())
    ready = read_count(election, votes, settings or ())
    outcome = outcome_of(election, ready)
    refuse_void(election, outcome)
    remarks = remarks_on(election, ready.ballot, outcome, ready.official, ready.official_districts)
    warnings = warnings_on(election, ready.warnings, remarks)
    say_warnings(warnings, below_tables=not as_json)
    if as_json:
        show_json(seats_as_json(election, ready, outcome, warnings))
    else:
        from forecast.tables.exporting import console_for_results

        print_count(console_for_results(), election, ready, outcome, warnings)


def verify(cases: CasesFiles, as_json: Json = False) -> None:
    """Apply the rules of real counts to their votes and compare with the official seats, by district too.

    Exit code 0 only if every count is reproduced. Election files without official seats are named.
    """
    from forecast.rules.counts import verify_all
    from forecast.rules.remarks import as_record

    verification = verify_all(cases)
    if as_json:
        show_json(
            {
                "cases": verification.cases,
                "reproduced": len(verification.reproduced),
                "mismatches": [as_record(wrong) for wrong in verification.mismatches],
                "unsupported": [
                    {"case": case, "reason": reason} for case, reason in verification.unsupported
                ],
                "notes": [{"case": case, "note": note} for case, note in verification.notes],
                "unchecked": list(verification.unchecked),
            }
        )
    else:
        _print_verification(verification)
    for case, note in verification.notes:
        tell(f"note: {case}: {note}")
    if not verification.complete:
        raise typer.Exit(1)


def methods(as_json: Json = False) -> None:
    """List allocation methods, threshold bases and waivers, each with the law or paper behind it."""
    from forecast.election.methods import everything

    if as_json:
        show_json(
            {
                heading: [
                    {"name": known.name, "meaning": known.meaning, "source": known.source}
                    | ({"kind": known.kind} if known.kind else {})
                    for known in words
                ]
                for heading, words in everything().items()
            }
        )
        return
    from forecast.tables.exporting import console_for_results, grid

    console = console_for_results()
    for heading, words in everything().items():
        rows = [(known.name, known.meaning, known.source) for known in words]
        console.print(grid(heading, ("name", "meaning", "law or paper"), rows, unwrapped=(0,)))


def _print_verification(verification: Verification) -> None:
    from forecast.rules.remarks import as_record
    from forecast.tables.exporting import console_for_results, grid, print_line

    console = console_for_results()
    print_line(console, f"{len(verification.reproduced)} of {verification.cases} cases reproduced")
    if verification.mismatches:
        rows = [
            tuple(str(record[key]) for key in ("case", "district", "party", "kind", "official", "ours"))
            for record in map(as_record, verification.mismatches)
        ]
        columns = ("case", "district", "party", "of", "official", "ours")
        console.print(grid("mismatches", columns, rows, numeric=(4, 5)))
    for case, reason in verification.unsupported:
        print_line(console, f"unsupported: {case}: {reason}")
    for case, note in verification.notes:
        print_line(console, f"Mind: {case}: {note}")
    if verification.unchecked:
        print_line(console, f"no official seats, so not checked: {', '.join(verification.unchecked)}")
