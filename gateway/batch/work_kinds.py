"""The kinds of deferred work that a delivery lays down."""

from typing import Final

CHUNK: Final = "batch-chunk"
"""Decide the records of one chunk: subject is the delivery, `facts["ordinal"]` the chunk."""

RESULT: Final = "batch-result"
"""Make the first result of a delivery, its subject, once all chunks are done or dead."""
