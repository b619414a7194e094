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
    """An aggregate all of whose rows may go to a file."""

    export: Annotated[Export | None, EXPORT] = None
