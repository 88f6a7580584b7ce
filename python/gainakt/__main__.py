"""`python -m gainakt …` runs the program with the same arguments."""

import subprocess
import sys

from ._program import find_program


def main() -> int:
    """Runs the program and returns its exit code."""
    return subprocess.call([find_program(), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
