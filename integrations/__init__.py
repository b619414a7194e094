"""How other systems are reached: the engines, their rows, and the one set of operations on them."""

from chimera_metrics.short_names import same_as_long

same_as_long(__name__)
