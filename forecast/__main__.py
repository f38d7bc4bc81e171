"""``python -m forecast``: the same as the command ``forecast``."""

from forecast.cli.main import command_line

command_line()
