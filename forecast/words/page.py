"""Every text of the page in one place, by language; a new language is a new entry of ``TEXTS``."""

from __future__ import annotations

from forecast.variables import VARIABLES

_PASSES = VARIABLES["pass_probability"].meaning

ENGLISH = {
    "language": "en",
    "skip": "Skip to the results",
    "as_of": "What was known by",
    "draw": "simulated election",
    "draws": "simulated elections",
    "controls": "What if the rule were different?",
    "threshold": "Threshold",
    "method": "Allocation of seats",
    "reset": "Back to the law",
    "by_law": "Shown: the law as it stands.",
    "what_if": "Shown: not the law, but",
    "on_draws": "draws, the same ones for every rule",
    "no_grid": "This forecast holds no other thresholds and methods; run it again to explore them.",
    "no_grid_districts": "In districts every rule takes a run of its own: `forecast sweep` compares them.",
    "chamber": "The whole chamber",
    "chamber_note": (
        "All seats of the chamber, by the law as it stands: medians, and in brackets intervals that hold "
        "80 % of the draws. What each tier rests on stands below the table."
    ),
    "chamber_note_moves": (
        "All seats of the chamber: medians, and in brackets intervals that hold 80 % of the draws. No rule "
        "of the lists changes the other tiers. What each tier rests on stands below the table."
    ),
    "chamber_winners": "Winners of districts",
    "chamber_levelled": (
        "Winners of districts hold seats of the house, which counts them towards the share of their lists: "
        "medians, and in brackets intervals that hold 80 % of the draws, by the law as it stands."
    ),
    "holder": "Party or group",
    "lists": "Lists",
    "all_seats": "All seats",
    "list_seats": "List seats",
    "list_distributions": "How many list seats?",
    "list_coalitions": "Majorities in the list seats",
    "two_thirds": "P(two thirds)",
    "chamber_coalitions": "Majorities of the whole chamber",
    "contests": "Single-member districts",
    "contests_note": "Who is likeliest to win each district, and who next.",
    "contests_table": "All districts",
    "districts": "Districts",
    "district": "District",
    "districts_note": (
        "Seats in every district: the median over the draws and, where it is wider, the interval that holds "
        "80 % of them. Districts swing together: their chances are not independent. In play: seats that no "
        "party holds in nine draws of ten."
    ),
    "districts_table": "Seats of every party in every district",
    "in_play": "In play",
    "last_seat": "Last seat",
    "apart": "Apart",
    "parties": "Parties",
    "party": "Party",
    "last": "Last election",
    "share": "Share",
    "interval80": "80 % interval",
    "passes": "Passes",
    "error": "± points",
    "seats": "Seats",
    "mean": "Mean",
    "one_draw": "One draw",
    "parties_note": (
        f"Share and seats are medians. Passes: {_PASSES}; ±: one Monte Carlo standard "
        "error. One draw: a representative simulated parliament, one possible outcome."
    ),
    "no_seats": "holds no seats",
    "untold": "not told apart by the polls",
    "crossings": "Who crosses the threshold?",
    "crossings_note": f"{_PASSES.capitalize()}, by whatever way the rule gives it.",
    "winning": "Who wins a seat?",
    "winning_note": "Probability of a seat. There is no threshold for the whole country.",
    "parties_note_winning": (
        "Share and seats are medians. Passes: probability of a seat, as there is no threshold for the whole "
        "country; ±: one Monte Carlo standard error. One draw: a representative simulated parliament, one "
        "possible outcome."
    ),
    "distributions": "How many seats?",
    "distributions_note": (
        "Probability of every number of seats, each panel on its own scale. Grey: no seat at all. "
        "Mark: median."
    ),
    "parliament": "One parliament of many",
    "parliament_note": (
        "One simulated outcome that stands for many, parties by size. The real one will differ."
    ),
    "thresholds": "What a higher or lower threshold would do",
    "thresholds_lists": "List seats.",
    "thresholds_note": (
        "Median seats (line) and the interval that holds 80 % of simulations (band) by the height of the "
        "threshold: the same draws of votes throughout, allocated as chosen above. Dashed: the threshold "
        "shown."
    ),
    "coalitions": "Majorities",
    "coalition": "Coalition",
    "majority": "P(majority)",
    "margin": "Margin",
    "coalitions_note": (
        "Majority: more than half of the seats that the rule hands out. Margin: median less that number."
    ),
    "builder": "Build a coalition",
    "builder_note": (
        "Choose parties to read the probability that together they hold more than half of the seats."
    ),
    "builder_note_chamber": (
        "Choose parties and groups to read the probability that together they hold more than half of all "
        "seats of the chamber."
    ),
    "smallest_note_chamber": (
        "Coalitions that hold a majority of the whole chamber in at least half of the simulations, and "
        "without any one of their members would not."
    ),
    "builder_none": "No party chosen.",
    "builder_result": "hold a majority in",
    "builder_result_one": "holds a majority in",
    "builder_end": "of simulations",
    "largest": "Largest party",
    "largest_note": "Probability of more seats than any other party, under the law as it stands.",
    "smallest": "Smallest majorities",
    "smallest_note": (
        "Coalitions that hold a majority in at least half of the simulations, and without any one of their "
        "parties would not."
    ),
    "smallest_none": "No coalition does.",
    "smallest_more": "more",
    "events": "Events",
    "event": "Event",
    "probability": "Probability",
    "events_note": "Under the law as it stands, whatever is chosen above.",
    "shares": "Shares of the vote",
    "shares_note": "Median (mark) with 50, 80 and 95 % intervals; dashed: the threshold.",
    "polls": "Polls",
    "polls_note": (
        "Dots: polls, undecided taken out, larger with more weight. Bar: the forecast with its 80 % interval."
    ),
    "trend_note": "Line and band: trend of the polls with its 80 % band.",
    "polls_together_note": (
        "Dots: polls, undecided taken out; mark and bar: the forecast and its 80 % interval; dashed: the "
        "threshold. Each panel on its own scale."
    ),
    "largest_only": "The largest parties only; the tables hold all.",
    "poll_table": "Table of polls",
    "houses": "How the pollsters lean (house effects)",
    "calibration": "How often were such forecasts right?",
    "rule": "The rule",
    "law": "Law",
    "source": "Source",
    "note": "Note",
    "warnings": "Mind",
    "downloads": "Tables to download",
    "provenance": "What the numbers rest on",
}

TEXTS: dict[str, dict[str, str]] = {"en": ENGLISH}
