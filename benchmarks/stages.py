"""Microseconds per stage of one report, in one process, by the calls the SOAP door makes."""

import statistics
from collections.abc import Sequence
from itertools import pairwise
from time import perf_counter

from adapters.server_core import Core
from gateway.pipeline import Answer, Route
from gateway.trust.admission import admit
from gateway.trust.keys import SigningKey
from gateway.trust.wssecurity import seal_envelope, verify_envelope

STAGES = ("admit", "prove", "process", "seal")


def answered(core: Core, key: SigningKey, request: bytes) -> list[float]:
    """Answer one report; out: µs of each stage. Raises RuntimeError if it is refused at the door."""
    marks = [perf_counter()]
    root = admit(request, core.limits).root
    marks.append(perf_counter())
    proof = verify_envelope(root, policy=core.soap_policy, directory=core.parties, now=core.clock.now())
    marks.append(perf_counter())
    outcome = core.pipeline.process(proof.document, Route("soap", "127.0.0.1"))
    marks.append(perf_counter())
    if not isinstance(outcome, Answer):
        raise RuntimeError(f"the benchmark's report was refused with {outcome.error.code}")
    seal_envelope(outcome.document, key=key, soap_version="1.1", now=core.clock.now())
    marks.append(perf_counter())
    return [(end - start) * 1e6 for start, end in pairwise(marks)]


def stage_times(core: Core, key: SigningKey, requests: Sequence[bytes]) -> dict[str, float]:
    """Return the median of each stage in µs. Raises RuntimeError if a report is not answered."""
    times = [answered(core, key, request) for request in requests]
    return {
        stage: round(statistics.median(values), 1)
        for stage, values in zip(STAGES, zip(*times, strict=True), strict=True)
    }
