"""Starts a training and follows it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import Callable, Dict, List, Optional, TextIO, Union

from ._program import GainaktError, find_program, message_of
from ._run import Run


@dataclass(frozen=True)
class Progress:
    """How far a training is."""

    #: What is being done, for example ``epoch 2/5``.
    task: str
    #: More about it, for example the loss.
    remark: str
    #: Units done.
    done: int
    #: Units in all.
    total: int


def train(
    data: Union[str, "os.PathLike[str]", None] = None,
    *,
    preset: Optional[str] = None,
    model: Optional[str] = None,
    epochs: Optional[int] = None,
    seed: Optional[int] = None,
    fold: Optional[int] = None,
    device: str = "auto",
    out: Union[str, "os.PathLike[str]"] = "runs",
    title: str = "baseline",
    arguments: Optional[List[str]] = None,
    progress: Union[bool, Callable[[Progress], None]] = True,
) -> Run:
    """Trains a model and returns the finished run.

    `data` is a file the program reads (see docs/DATA.md); without it, the embedded class. `arguments` are further
    options of ``gainakt train``, such as ``["--skill-column", "topic"]``. `progress` is ``True`` to print lines and
    progress, ``False`` for silence, or a function that is called with each :class:`Progress`.

    Raises :class:`GainaktError` where the program fails; an interrupt (Ctrl-C, or a notebook's stop) stops the program
    after its step and is raised again, and ``gainakt train --resume`` goes on from there.
    """
    command = [find_program(), "train", "--progress", "json", "--device", device, "--out", os.fspath(out)]
    command += ["--title", title]
    for option, value in [
        ("--data", None if data is None else os.fspath(data)),
        ("--preset", preset),
        ("--model", model),
        ("--epochs", epochs),
        ("--seed", seed),
        ("--fold", fold),
    ]:
        if value is not None:
            command += [option, str(value)]
    command += arguments or []
    folder: Optional[str] = None
    # Standard error goes to a file: a pipe that nobody reads would fill and stop the program.
    with tempfile.TemporaryFile(mode="w+", encoding="utf-8") as errors:
        with _start(command, errors) as program:
            assert program.stdout is not None
            try:
                for line in program.stdout:
                    event = json.loads(line)
                    if event["kind"] == "folder":
                        folder = event["path"]
                    else:
                        _show(event, progress)
            except BaseException:
                _stop(program)
                raise
        if program.returncode != 0 or folder is None:
            errors.seek(0)
            raise GainaktError(message_of(errors.read()), program.returncode)
    return Run(folder)


def _start(command: List[str], errors: TextIO) -> "subprocess.Popen[str]":
    # A group of its own: Ctrl-C in a terminal must reach the program once, through _stop, since a second interrupt
    # ends it at once.
    if sys.platform == "win32":
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP,
        )
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8", start_new_session=True
    )


def _stop(program: "subprocess.Popen[str]") -> None:
    """Asks the program to stop after its step, and waits until it has."""
    if sys.platform == "win32":
        program.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        program.send_signal(signal.SIGINT)
    # Reads what is still said, so that the program does not wait for a reader.
    program.communicate()


def _show(event: Dict[str, object], progress: Union[bool, Callable[[Progress], None]]) -> None:
    """Prints an event or gives it to the caller's function."""
    if event["kind"] == "line":
        if progress is True:
            # The line before may be progress, which is written over.
            print(f"\r{event['text']}", flush=True)
        return
    now = Progress(str(event["task"]), str(event["remark"]), int(str(event["done"])), int(str(event["total"])))
    if callable(progress):
        progress(now)
    elif progress:
        print(f"\r{now.task}: {now.done} of {now.total} {now.remark}   ", end="", file=sys.stderr, flush=True)
