"""A poll table: read, check, tidy; ``docs/poll-table.md`` shows the format."""

from __future__ import annotations

from forecast.polls.poll_table import PollTable
from forecast.polls.reading import polls_of, read_polls

__all__ = ["PollTable", "polls_of", "read_polls"]
