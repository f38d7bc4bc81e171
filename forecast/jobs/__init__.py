"""Many elections, many days, many machines: tables of jobs, a store that any kill leaves whole, and workers.

Parameters, files and figures: docs/scale.md. From Python: ``do_table`` with ``Cluster(client)``.
"""

from forecast.jobs.collecting import collect
from forecast.jobs.hands import Hands, Here
from forecast.jobs.job_table import read_table
from forecast.jobs.store import Store, do_table

__all__ = ["Hands", "Here", "Store", "collect", "do_table", "read_table"]
