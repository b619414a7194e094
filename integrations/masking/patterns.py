"""The table of what is masked: secrets, numbers of cards, accounts and phones, addresses.

Each pattern starts from literal words: a text without any of them is never read by its regular expression, and a
batch of texts is searched for them in one go. Every expression reads a text once, whatever the text holds: repeats
are bounded or possessive, and where a run may be long, a match can only begin at its start.
"""

from __future__ import annotations

from chimera_metrics.integrations.masking.addresses import ADDRESSES
from chimera_metrics.integrations.masking.announced import ANNOUNCED
from chimera_metrics.integrations.masking.commands import COMMANDS
from chimera_metrics.integrations.masking.credentials import CREDENTIALS
from chimera_metrics.integrations.masking.masks import Pattern
from chimera_metrics.integrations.masking.numbers import NUMBERS
from chimera_metrics.integrations.masking.phones import PHONES
from chimera_metrics.integrations.masking.secrets import SECRETS

PATTERNS: tuple[Pattern, ...] = (*SECRETS, *CREDENTIALS, *ANNOUNCED, *COMMANDS, *NUMBERS, *PHONES, *ADDRESSES)
