"""What a question is asked with beside what `analytics` takes."""

# Its annotations are read, so they are no text.
from dataclasses import dataclass
from typing import Annotated

from chimera_metrics.analytics import AggregateArguments
from chimera_metrics.analytics.questions.asked import Argument
from chimera_metrics.integrations.answers.exporting import Export

EXPORT = Argument("All rows as a file", settled=True)


@dataclass(frozen=True, slots=True)
class ExportedAggregate(AggregateArguments):
    """Metrics of one table by group and bucket, of the last 7 days by default, from a rollup where one answers.

    With `interval` rates, means and quantiles have `<metric>_n`, and `<metric>_low` and `<metric>_high`, the ends
    of their 95 % interval. With `export` all rows go to its file, and the answer shows the first.
    """

    export: Annotated[Export | None, EXPORT] = None
