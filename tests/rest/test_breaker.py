"""The circuit breaker alone, on a fake clock: when it opens, whom it lets through, when it closes."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from tests.rest.conftest import FakeClock
from txojobs.errors import CircuitOpenError
from txojobs.rest.breaker import Breaker, Outcome
from txojobs.rest.settings import BreakerSettings


def breaker(clock: FakeClock) -> Breaker:
    """A breaker; its wall clock shows noon when the fake clock shows 1000."""
    noon = datetime(2026, 11, 25, 12, tzinfo=timezone.utc).timestamp()
    return Breaker(
        BreakerSettings(), origin="https://a", clock=clock, wall_clock=lambda: noon + clock.now - 1000
    )


def fail(circuit: Breaker, times: int) -> None:
    for _ in range(times):
        ticket = circuit.ticket()
        ticket.admit()
        ticket.settle(Outcome.FAILURE)


def test_opens_after_five_failures_in_a_row_and_closes_after_one_success() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    fail(circuit, 4)
    circuit.ticket().admit()
    fail(circuit, 1)
    for _ in range(60):
        with pytest.raises(CircuitOpenError, match=r"^Circuit breaker open"):
            circuit.ticket().admit()
        clock.now += 1
    trial = circuit.ticket()
    trial.admit()
    with pytest.raises(CircuitOpenError, match="trial"):
        circuit.ticket().admit()
    trial.settle(Outcome.SUCCESS)
    fail(circuit, 4)
    circuit.ticket().admit()


def test_the_error_says_since_when_and_until_when() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    fail(circuit, 5)
    clock.now += 20
    with pytest.raises(CircuitOpenError) as caught:
        circuit.ticket().admit()
    assert str(caught.value) == (
        "Circuit breaker open since 2026-11-25 12:00:00 UTC: https://a failed 5 times in a row, "
        "so nothing is sent until 12:01:00 UTC (for another 40 s)"
    )
    assert caught.value.since == datetime(2026, 11, 25, 12, tzinfo=timezone.utc)
    assert caught.value.until == datetime(2026, 11, 25, 12, 1, tzinfo=timezone.utc)
    clock.now += 50
    fail(circuit, 1)
    with pytest.raises(CircuitOpenError, match=r"since 2026-11-25 12:00:00 UTC.*until 12:02:10 UTC"):
        circuit.ticket().admit()
    clock.now += 60
    circuit.ticket().admit()
    with pytest.raises(CircuitOpenError, match="until the trial that is under way has succeeded") as caught:
        circuit.ticket().admit()
    assert caught.value.until is None


@pytest.mark.parametrize("step_s", [-86_400, 86_400])
def test_a_wall_clock_that_is_set_changes_nothing(step_s: float) -> None:
    clock, wall = FakeClock(), [1_700_000_000.0]
    circuit = Breaker(BreakerSettings(), origin="https://a", clock=clock, wall_clock=lambda: wall[0])
    fail(circuit, 5)
    wall[0] += step_s
    with pytest.raises(CircuitOpenError, match="for another 60 s"):
        circuit.ticket().admit()
    clock.now += 60
    circuit.ticket().admit()


def test_a_failed_trial_opens_it_for_another_minute() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    fail(circuit, 5)
    clock.now += 61
    fail(circuit, 1)
    clock.now += 59
    with pytest.raises(CircuitOpenError):
        circuit.ticket().admit()
    clock.now += 1
    circuit.ticket().admit()


def test_a_neutral_trial_neither_closes_nor_blocks_it() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    fail(circuit, 5)
    clock.now += 60
    trial = circuit.ticket()
    trial.admit()
    trial.settle(Outcome.NEUTRAL)
    second = circuit.ticket()
    second.admit()
    with pytest.raises(CircuitOpenError, match="trial"):
        circuit.ticket().admit()
    second.settle(Outcome.SUCCESS)
    circuit.ticket().admit()
    circuit.ticket().admit()


def test_a_failure_that_was_under_way_neither_prolongs_nor_takes_the_trial() -> None:
    clock = FakeClock()
    circuit = breaker(clock)
    early = circuit.ticket()
    early.admit()
    fail(circuit, 5)
    clock.now += 59
    early.settle(Outcome.FAILURE)
    clock.now += 1
    trial = circuit.ticket()
    trial.admit()
    early.settle(Outcome.FAILURE)
    with pytest.raises(CircuitOpenError, match="trial"):
        circuit.ticket().admit()
    trial.settle(Outcome.SUCCESS)
    circuit.ticket().admit()


def test_a_call_that_began_before_it_opened_does_not_close_it() -> None:
    circuit = breaker(FakeClock())
    early = circuit.ticket()
    early.admit()
    fail(circuit, 5)
    early.settle(Outcome.SUCCESS)
    with pytest.raises(CircuitOpenError):
        circuit.ticket().admit()


def test_a_success_in_between_starts_the_count_anew() -> None:
    circuit = breaker(FakeClock())
    fail(circuit, 4)
    circuit.ticket().settle(Outcome.SUCCESS)
    fail(circuit, 4)
    circuit.ticket().admit()
    fail(circuit, 1)
    with pytest.raises(CircuitOpenError):
        circuit.ticket().admit()
