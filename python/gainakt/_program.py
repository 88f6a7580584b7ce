"""Finds the program and runs it."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Sequence


class GainaktError(Exception):
    """The program failed. The message is what it said."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        #: 2 for bad input, 1 for other failures.
        self.exit_code = exit_code


def find_program() -> str:
    """The path of the program.

    In this order: the environment variable ``GAINAKT_PROGRAM``, the folder in which this Python's packages put their
    programs, the search path.

    Raises ``FileNotFoundError`` where there is none.
    """
    named = os.environ.get("GAINAKT_PROGRAM")
    if named:
        if Path(named).is_file():
            return named
        raise FileNotFoundError(f"GAINAKT_PROGRAM names {named}, and there is no such file")
    name = "gainakt.exe" if sys.platform == "win32" else "gainakt"
    folders = [sysconfig.get_path("scripts")]
    user_scheme = sysconfig.get_preferred_scheme("user") if sys.version_info >= (3, 10) else None
    if user_scheme is not None:
        folders.append(sysconfig.get_path("scripts", scheme=user_scheme))
    for folder in folders:
        program = Path(folder) / name
        if program.is_file():
            return str(program)
    found = shutil.which("gainakt")
    if found is None:
        raise FileNotFoundError("the program gainakt is not installed: pip install gainakt, or set GAINAKT_PROGRAM")
    return found


def message_of(stderr: str) -> str:
    """What the program said on standard error, without its name."""
    text = stderr.strip()
    return text[len("gainakt: ") :] if text.startswith("gainakt: ") else text


def output_of(arguments: Sequence[str]) -> str:
    """Runs the program and returns what it wrote on standard output.

    Raises :class:`GainaktError` where it fails.
    """
    done = subprocess.run([find_program(), *arguments], capture_output=True, encoding="utf-8", check=False)
    if done.returncode != 0:
        raise GainaktError(message_of(done.stderr), done.returncode)
    return done.stdout
