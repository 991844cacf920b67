"""What the engine's processes write is kept from the terminal, and one line of it is found."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from selfalign.engine.log import EngineLog
from selfalign.errors import MAX_LINE, EngineStartError, one_line

TRACEBACK = """\
(EngineCore pid=7) ERROR 11-21 [core.py:88] EngineCore failed to start.
(EngineCore pid=7) ERROR 11-21 [core.py:88] Traceback (most recent call last):
(EngineCore pid=7) ERROR 11-21 [core.py:88]   File "core.py", line 1, in <module>
(EngineCore pid=7) ERROR 11-21 [core.py:88] ValueError: There is no room for the cache.
RuntimeError: Engine core initialization failed. See root cause above.
"""


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VLLM_LOGGING_LEVEL", raising=False)


def write_everywhere(line: str) -> None:
    # Not print(): under pytest it does not write to the process's own streams.
    os.write(1, line.encode())
    os.write(2, line.encode())
    subprocess.run([sys.executable, "-c", "import sys; print(sys.argv[1])", line], check=True)


def test_both_streams_of_every_process_go_to_the_log(capfd: pytest.CaptureFixture[str]) -> None:
    with EngineLog() as log:
        with log.taking_over():
            write_everywhere("OddError: inside\n")
        assert log.last_error() == "OddError: inside"
        os.write(1, b"outside\n")
    assert capfd.readouterr() == ("outside\n", "")


def test_the_root_of_an_error_is_found_behind_its_consequences() -> None:
    with EngineLog() as log, log.taking_over():
        os.write(2, TRACEBACK.encode())
    with EngineLog() as log:
        with log.taking_over():
            os.write(2, TRACEBACK.encode())
        assert log.last_error() == "ValueError: There is no room for the cache."


def test_a_log_without_an_error_has_none() -> None:
    with EngineLog() as log:
        with log.taking_over():
            os.write(2, b"INFO all is well\n\xff\n")
        assert log.last_error() == ""


def test_a_user_who_asked_for_the_log_sees_it_on_stderr(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VLLM_LOGGING_LEVEL", "INFO")
    with EngineLog() as log:
        with log.taking_over():
            os.write(1, b"ValueError: for results?\n")
        assert log.last_error() == ""
        log.silence("some.engine")
    assert logging.getLogger("some.engine").isEnabledFor(logging.ERROR)
    assert capfd.readouterr() == ("", "ValueError: for results?\n")


def test_this_process_is_silenced() -> None:
    with EngineLog() as log:
        log.silence("another.engine")
    assert not logging.getLogger("another.engine.part").isEnabledFor(logging.CRITICAL)


def test_messages_are_one_line_of_bounded_length() -> None:
    assert one_line(ValueError("a\n  b\t c")) == "a b c"
    assert one_line(ValueError()) == "ValueError"
    assert len(one_line(ValueError("x" * 10_000))) == MAX_LINE


def test_a_log_with_a_path_is_readable_kept_and_added_to(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    for number in range(2):
        with EngineLog(path, "some/model") as log:
            with log.taking_over():
                write_everywhere(f"OddError: {number}\n")
            assert log.last_error() == f"OddError: {number}"
            assert log.reference == f"; the engine's log: {path}"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    assert lines.count("OddError: 0") == lines.count("OddError: 1") == 3
    assert [bool(re.fullmatch(r"===== \d{4}-\d\d-\d\d \d\d:\d\d:\d\d some/model =====", line)) for line in lines] == [
        *(True, False, False, False),
        *(True, False, False, False),
    ]


def test_an_earlier_starts_error_is_not_this_ones(tmp_path: Path) -> None:
    path = tmp_path / "engine.log"
    path.write_text("OddError: of yesterday\n", encoding="utf-8")
    with EngineLog(path) as log:
        assert log.last_error() == ""


def test_a_warning_that_names_an_error_is_none() -> None:
    with EngineLog() as log:
        with log.taking_over():
            os.write(2, b"ValueError: the real one\n")
            os.write(2, b"(Worker pid=7) INFO 11-24 10:00:00 [a.py:1] ImportError: no module\n")
            os.write(2, b"WARNING 11-24 10:00:00 [a.py:1] ImportError: no module\n")
        assert log.last_error() == "ValueError: the real one"


def test_a_log_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EngineStartError, match=r"engine\.log: the engine's log cannot be written \(No such file"):
        EngineLog(tmp_path / "missing" / "engine.log").__enter__()


def test_a_log_without_a_name_is_not_referred_to() -> None:
    with EngineLog() as log:
        assert log.reference == ""
