"""The door: whatever comes from outside, comes in here, and within bounds.

Files (``files``), trees of keys and values (``trees``: TOML and JSON) and tables (``sheets``: CSV) are read
for all other rooms. Behind the door a text holds nothing that nobody sees, a number no more digits than
numbers have, a tree is not deeper nor a table larger than any that a person writes; what is otherwise is
refused by name. Nobody else opens a file that a user names (saved forecasts excepted: ``forecast.storage``).
"""

from __future__ import annotations
