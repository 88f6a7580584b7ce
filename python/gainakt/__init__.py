"""Reads the runs of the program `gainakt`, starts it, and shows students in a notebook.

    import gainakt

    run = gainakt.train(data="answers.csv", preset="evidence", epochs=5)
    run.metrics()                    # a row for each epoch, as a pandas data frame
    run.results["test"]["auc"]
    run.student("50121")             # in a notebook: the student's page

The program itself, `gainakt` on the command line, is installed by the same wheel.
"""

from ._program import GainaktError, find_program
from ._run import Run, Student
from ._train import Progress, train

__all__ = ["GainaktError", "Progress", "Run", "Student", "find_program", "train"]
