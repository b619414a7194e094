"""The sampled store of the commands' tests."""

from tests.apps.conftest import sampled

__all__ = ["sampled"]
