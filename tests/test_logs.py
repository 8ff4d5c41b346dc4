"""The log of a run: complete, one line an event, without secrets, and never another run's."""

from __future__ import annotations

import contextvars
import io
import json
import logging
import os
import stat
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from txojobs.errors import FileOperationError
from txojobs.logs import hide_in_script_logs, setup_logger, start_logging
from txojobs.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CANARY = "c4n4ry+/secret value"
MODULE = logging.getLogger("txojobs.rest.client")

pytestmark = pytest.mark.filterwarnings("error")


def knowing(secret: str) -> Redactor:
    redactor = Redactor()
    redactor.add(secret)
    return redactor


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def _package_logger_is_left_as_it_was() -> Iterator[None]:
    package = logging.getLogger("txojobs")
    before = (package.level, package.propagate, list(package.handlers))
    yield
    assert (package.level, package.propagate, list(package.handlers)) == before


def test_g4_debug_goes_to_the_file_only(tmp_path: Path) -> None:
    console = io.StringIO()
    with start_logging(tmp_path / "run.log", redactor=Redactor(), console=console) as log:
        log.logger.debug("asked for page %d", 2)
        log.logger.info("412 rows")
        log.logger.warning("slow")
    assert console.getvalue() == "INFO: 412 rows\nWARNING: slow\n"
    lines = text_of(tmp_path / "run.log").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "DEBUG   txojobs.run asked for page 2",
        "INFO    txojobs.run 412 rows",
        "WARNING txojobs.run slow",
    ]


def test_g4_without_debug_the_file_takes_what_the_console_takes(tmp_path: Path) -> None:
    with start_logging(tmp_path / "run.log", redactor=Redactor(), debug=False, level=logging.WARNING) as log:
        log.logger.debug("a")
        log.logger.info("b")
        log.logger.error("c")
    assert text_of(tmp_path / "run.log").endswith("Z ERROR   txojobs.run c\n")
    assert len(text_of(tmp_path / "run.log").splitlines()) == 1


def test_stamps_are_utc_with_milliseconds(tmp_path: Path) -> None:
    with start_logging(tmp_path / "run.log", redactor=Redactor()) as log:
        record = log.logger.makeRecord("txojobs.run", logging.INFO, "f", 1, "x", (), None)
        record.created = 1768487400.5
        log.logger.handle(record)
    assert text_of(tmp_path / "run.log").startswith("2026-01-15T14:30:00.500Z INFO ")


def test_g9_no_secret_through_arguments_exceptions_tracebacks_or_trees(tmp_path: Path) -> None:
    console = io.StringIO()
    with start_logging(tmp_path / "run.log", redactor=knowing(CANARY), console=console) as log:
        for logger in (log.logger, MODULE):
            logger.info("message %s", CANARY)
            logger.info("tree %s", {"headers": [{"x": CANARY}]})
            logger.info(json.dumps({"deep": {"value": CANARY}}))
            logger.info("named %(x)s", {"x": CANARY})
            try:
                try:
                    raise ValueError(CANARY)  # noqa: TRY301 - as close as a real one
                except ValueError as err:
                    raise RuntimeError(f"https://x.example/?k={CANARY.replace(' ', '%20')}") from err
            except RuntimeError:
                logger.exception("failed", stack_info=True)
            logger.error("wrong call %d %d", CANARY)  # noqa: PLE1206 - the slip under test
    for text in (text_of(tmp_path / "run.log"), console.getvalue()):
        assert "c4n4ry" not in text
    assert "RuntimeError: https://x.example/?k=" in text_of(tmp_path / "run.log")
    assert "ValueError: ***" in text_of(tmp_path / "run.log")
    assert "wrong call" in text_of(tmp_path / "run.log")


def test_g9_another_handlers_cached_traceback_is_not_taken_over(tmp_path: Path) -> None:
    with start_logging(tmp_path / "run.log", redactor=knowing(CANARY)) as log:
        record = log.logger.makeRecord("txojobs.run", logging.INFO, "f", 1, "x", (), None)
        record.exc_text = f"Traceback: {CANARY}"
        log.logger.handle(record)
    assert text_of(tmp_path / "run.log").endswith("x\n    Traceback: ***\n")


def test_a_traceback_is_indented_and_stays_off_the_console(tmp_path: Path) -> None:
    console = io.StringIO()
    with start_logging(tmp_path / "run.log", redactor=Redactor(), console=console) as log:
        try:
            raise ValueError("first\nsecond \x1b[2J")  # noqa: TRY301 - as close as a real one
        except ValueError:
            log.logger.exception("stopped")
    lines = text_of(tmp_path / "run.log").splitlines()
    assert lines[0].endswith("ERROR   txojobs.run stopped")
    assert all(line.startswith("    ") for line in lines[1:])
    assert lines[-1] == "    second \\x1b[2J"
    assert console.getvalue() == "ERROR: stopped\n"


def test_b17_foreign_text_makes_no_line_of_its_own_and_moves_no_cursor(tmp_path: Path) -> None:
    console = io.StringIO()
    with start_logging(tmp_path / "run.log", redactor=Redactor(), console=console) as log:
        log.logger.info("name %s", "a\n2026-01-15T00:00:00.000Z INFO    forged\x1b[1A\u202e\ud800")
    assert len(text_of(tmp_path / "run.log").splitlines()) == 1
    assert "a\\n2026" in text_of(tmp_path / "run.log")
    assert "\\x1b[1A\\u202e\\ud800" in console.getvalue()


def test_a_console_that_knows_few_letters_gets_escapes(tmp_path: Path) -> None:
    raw = io.BytesIO()
    console = io.TextIOWrapper(raw, encoding="cp1252")
    with start_logging(tmp_path / "run.log", redactor=Redactor(), console=console) as log:
        log.logger.info("Łódź 漢")
    assert raw.getvalue().decode("cp1252").strip() == "INFO: \\u0141ódz".replace("z", "\\u017a") + " \\u6f22"
    assert "Łódź 漢" in text_of(tmp_path / "run.log")


def test_a_closed_console_stops_neither_run_nor_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    console = io.StringIO()
    console.close()
    with start_logging(tmp_path / "run.log", redactor=Redactor(), console=console) as log:
        log.logger.info("still here")
    assert "still here" in text_of(tmp_path / "run.log")
    assert capsys.readouterr() == ("", "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")  # noqa: PTH110
def test_a_full_disk_is_remembered_and_printed_nowhere(capsys: pytest.CaptureFixture[str]) -> None:
    from pathlib import Path  # noqa: PLC0415 - at the top it stands for types only

    with start_logging(Path("/dev/full"), redactor=Redactor(), max_bytes=2**40) as log:
        log.logger.info("message with %s", "args")
        assert isinstance(log.failure, OSError)
    assert capsys.readouterr() == ("", "")


def test_a_log_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileOperationError, match="cannot be opened"):
        start_logging(tmp_path / "missing" / "run.log", redactor=Redactor())


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_b14_the_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        start_logging(tmp_path / "run.log", redactor=Redactor()).close()
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "run.log").stat().st_mode) == 0o600


def test_rotates_by_size_and_keeps_so_many(tmp_path: Path) -> None:
    with start_logging(tmp_path / "run.log", redactor=Redactor(), max_bytes=300, keep=2) as log:
        for number in range(40):
            log.logger.info("event %02d", number)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["run.log", "run.log.1", "run.log.2"]
    kept = "".join(text_of(tmp_path / name) for name in reversed(names))
    events = [int(line[-2:]) for line in kept.splitlines()]
    assert events == list(range(events[0], 40))
    assert all(path.stat().st_size <= 300 for path in tmp_path.iterdir())


def test_goes_on_in_a_new_file_when_another_process_rotated(tmp_path: Path) -> None:
    with start_logging(tmp_path / "run.log", redactor=Redactor()) as log:
        log.logger.info("one")
        (tmp_path / "run.log").rename(tmp_path / "run.log.1")
        log.logger.info("two")
    assert "one" in text_of(tmp_path / "run.log.1")
    assert text_of(tmp_path / "run.log").endswith("two\n")


def test_two_runs_in_two_threads_do_not_mix(tmp_path: Path) -> None:
    both_open = threading.Barrier(2)

    def run(name: str) -> None:
        with start_logging(tmp_path / f"{name}.log", redactor=Redactor()) as log:
            both_open.wait()
            for _ in range(50):
                log.logger.info("own %s", name)
                MODULE.info("module %s", name)
                worker = threading.Thread(
                    target=contextvars.copy_context().run, args=(MODULE.info, "worker %s", name)
                )
                worker.start()
                worker.join()
            both_open.wait()

    threads = [threading.Thread(target=run, args=(name,)) for name in ("first", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, other in (("first", "second"), ("second", "first")):
        text = text_of(tmp_path / f"{name}.log")
        assert len(text.splitlines()) == 150
        assert other not in text


def test_a_thread_without_a_context_logs_to_the_only_run_and_to_none_of_two(tmp_path: Path) -> None:
    def elsewhere(message: str) -> None:
        worker = threading.Thread(target=contextvars.Context().run, args=(MODULE.info, message))
        worker.start()
        worker.join()

    with start_logging(tmp_path / "a.log", redactor=Redactor()):
        elsewhere("alone")
        with start_logging(tmp_path / "b.log", redactor=Redactor()):
            elsewhere("whose")
        elsewhere("alone again")
    assert [line.split()[-1] for line in text_of(tmp_path / "a.log").splitlines()] == ["alone", "again"]
    assert text_of(tmp_path / "b.log") == ""


def test_neither_root_nor_other_libraries_are_touched(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    heard = io.StringIO()
    stranger = logging.StreamHandler(heard)
    root.addHandler(stranger)
    try:
        with start_logging(tmp_path / "run.log", redactor=Redactor()):
            logging.getLogger("urllib3.connectionpool").warning("GET /?code=1 from urllib3")
            MODULE.warning("ours")
    finally:
        root.removeHandler(stranger)
    assert (root.level, list(root.handlers)) == before
    assert "urllib3" not in text_of(tmp_path / "run.log")
    assert "ours" not in heard.getvalue()


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    log = start_logging(tmp_path / "run.log", redactor=Redactor())
    log.close()
    log.close()
    log.logger.info("after")
    assert text_of(tmp_path / "run.log") == ""


SCRIPT = """
import sys
sys.stderr.reconfigure(encoding="utf-8")
from txojobs.logs import hide_in_script_logs, setup_logger
logger = setup_logger()
assert setup_logger() is logger
logger.debug("detail of %s", "x-secret-1")
hide_in_script_logs(["x-secret-1"])
logger.info("Token: Bearer abc.def-1 and x-secret-1")
setup_logger("acme").info("for acme")
"""


def test_g4_scripts_log_to_files_and_standard_error(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.getcwd(), "TXOJOBS_WORKSPACE": str(tmp_path)},  # noqa: PTH109
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout == ""
    assert done.stderr == "INFO: Token: Bearer [REDACTED] and ***\nINFO: for acme\n"
    lines = text_of(tmp_path / "logs" / "script.log").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "DEBUG   txojobs.script detail of x-secret-1",
        "INFO    txojobs.script Token: Bearer [REDACTED] and ***",
    ]
    assert "for acme" in text_of(tmp_path / "logs" / "acme.log")


def test_g4_importing_configures_nothing() -> None:
    code = (
        "import logging, txojobs.logs; from txojobs.logs import setup_logger; "
        "assert not logging.getLogger().handlers and not logging.getLogger('txojobs').handlers"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_g4_a_script_outside_of_a_workspace_has_the_console(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TXOJOBS_WORKSPACE", raising=False)
    name = f"org-{tmp_path.name}"[:60]
    logger = setup_logger(name)
    try:
        hide_in_script_logs(["z-secret-9"])
        logger.info("hello z-secret-9")
        assert capsys.readouterr().err == "INFO: hello ***\n"
    finally:
        for handler in list(logger.handlers):
            logger.removeHandler(handler)
            handler.close()
    assert list(tmp_path.iterdir()) == []
