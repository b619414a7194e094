"""Statements that the guard must refuse, each with why it is here and what `readonly = 1` alone does with it.

`readonly_alone` was found by running them with the parser guard switched off: 'passes' ran, 'refused' was stopped by
readonly, 'fails' was stopped by something else, such as a cluster that is not there. 'endless' are reads, which
readonly lets pass, and which no limit ends; they are not run. `python -m tests.guard.hostile` prints what readonly
does not refuse.
"""

from tests.guard.hostile.commands import COMMANDS
from tests.guard.hostile.endless import ENDLESS
from tests.guard.hostile.files import FILES
from tests.guard.hostile.lambdas import LAMBDAS
from tests.guard.hostile.machine import MACHINE
from tests.guard.hostile.running import RUNNING
from tests.guard.hostile.sources import SOURCES
from tests.guard.hostile.statement import Hostile
from tests.guard.hostile.tables import TABLES
from tests.guard.hostile.texts import FORGED_TREES, NOT_PARSED, SEVERAL_STATEMENTS
from tests.guard.hostile.unfolding import ACCOUNT, BLOCKS, STATES, UNFOLDING

__all__ = ["HOSTILE", "Hostile"]

HOSTILE: tuple[Hostile, ...] = (
    *SEVERAL_STATEMENTS,
    *NOT_PARSED,
    *COMMANDS,
    *FILES,
    *SOURCES,
    *TABLES,
    *MACHINE,
    *RUNNING,
    *FORGED_TREES,
    *LAMBDAS,
    *ENDLESS,
    *UNFOLDING,
    *STATES,
    *ACCOUNT,
    *BLOCKS,
)
