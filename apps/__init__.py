"""How people operate the store: the `muse` command."""

from chimera_metrics.short_names import same_as_long

same_as_long(__name__)
