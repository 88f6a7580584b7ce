"""A run's folder."""

import html
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Union

from . import _tables
from ._program import output_of

if TYPE_CHECKING:
    import pandas

#: Names of a run's tables.
METRICS = "metrics"
PREDICTIONS = "predictions"
TRAJECTORIES = "trajectories"
ITEMS = "items"


class Run:
    """A run's folder, read-only.

    Raises ``FileNotFoundError`` where `folder` has no ``config.json``.
    """

    def __init__(self, folder: Union[str, "os.PathLike[str]"]) -> None:
        #: The folder.
        self.path = Path(folder)
        if not (self.path / "config.json").is_file():
            raise FileNotFoundError(f"{self.path} is not a run's folder: it has no config.json")

    def __repr__(self) -> str:
        return f"gainakt.Run({str(self.path)!r})"

    @property
    def config(self) -> Dict[str, Any]:
        """Every setting."""
        return self._json("config.json")

    @property
    def results(self) -> Dict[str, Any]:
        """Figures of the best epoch: ``train``, ``validation``, ``test`` and ``baselines``.

        Raises ``FileNotFoundError`` where the run is not finished.
        """
        return self._json("results.json")

    def metrics(self) -> "pandas.DataFrame":
        """A row for each epoch."""
        return _tables.frame(self._csv(METRICS))

    def predictions(self) -> "pandas.DataFrame":
        """A row for each answer of the test set (else of the validation fold): its prediction and what came."""
        return _tables.frame(self._csv(PREDICTIONS))

    def trajectories(self) -> "pandas.DataFrame":
        """Mastery and gain of every skill after every answer, for the first students of the test set."""
        return _tables.frame(self._csv(TRAJECTORIES))

    def items(self) -> "pandas.DataFrame":
        """A row for each item (question): how hard it is and whether its answers fit.

        Raises ``FileNotFoundError`` where the run's data have no items.
        """
        return _tables.frame(self._csv(ITEMS))

    def arrays(self, table: str) -> _tables.Arrays:
        """The table of this name (``"metrics"``, ``"predictions"``, ``"trajectories"``, ``"items"``) as one numpy array
        for each column, for programs without pandas."""
        return _tables.arrays(self._csv(table))

    def students(self) -> List[str]:
        """Ids of the students whose trajectories the run kept; :meth:`student` takes any student of the data."""
        seen: Dict[str, None] = {}
        for path in self._json_list("artifacts/trajectories.json"):
            seen[str(path["student"])] = None
        return list(seen)

    def student(self, student: str, device: str = "cpu") -> "Student":
        """One student of the run's data, as the run's best model sees them.

        Raises :class:`GainaktError` where there is no such student or the data are gone.
        """
        return Student(self, student, device)

    def _csv(self, table: str) -> str:
        if table == PREDICTIONS:
            with tempfile.TemporaryDirectory() as folder:
                file = Path(folder) / "predictions.csv"
                output_of(["export", str(self.path), "--what", "predictions", "--device", "cpu", "--out", str(file)])
                return file.read_text(encoding="utf-8")
        files = {
            METRICS: "metrics_epoch.csv",
            TRAJECTORIES: "artifacts/trajectories.csv",
            ITEMS: "artifacts/items.csv",
        }
        if table not in files:
            raise ValueError(f"no table {table!r}; there are {', '.join([PREDICTIONS, *files])}")
        return (self.path / files[table]).read_text(encoding="utf-8")

    def _json(self, name: str) -> Dict[str, Any]:
        found = json.loads((self.path / name).read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise ValueError(f"{self.path / name}: not an object")
        return found

    def _json_list(self, name: str) -> List[Dict[str, Any]]:
        found = json.loads((self.path / name).read_text(encoding="utf-8"))
        if not isinstance(found, list):
            raise ValueError(f"{self.path / name}: not a list")
        return found


class Student:
    """One student through a run's best model. In a notebook it is shown as the student's page."""

    def __init__(self, run: Run, student: str, device: str = "cpu") -> None:
        self.run = run
        self.id = student
        self.device = device
        self._trajectory: Dict[str, Any] = json.loads(self._explained("json"))

    def __repr__(self) -> str:
        return f"<student {self.id} of {self.run.path.name}: {len(self.steps)} answers>"

    def _repr_html_(self) -> str:
        # In a frame: the page's style must not reach the notebook's own text.
        page = html.escape(self.html())
        return f'<iframe srcdoc="{page}" style="width:100%;height:44rem;border:0"></iframe>'

    @property
    def steps(self) -> List[Dict[str, Any]]:
        """What the model says after every answer, as ``gainakt explain --format json`` writes it."""
        steps: List[Dict[str, Any]] = self._trajectory["steps"]
        return steps

    def frame(self) -> "pandas.DataFrame":
        """Mastery, gain and chance of every skill after every answer: a row for each answer and skill."""
        return _tables.frame(self._explained("csv"))

    def arrays(self) -> _tables.Arrays:
        """The columns of :meth:`frame` as numpy arrays."""
        return _tables.arrays(self._explained("csv"))

    def svg(self) -> str:
        """The student's mastery over time, as a picture."""
        return self._explained("svg")

    def html(self) -> str:
        """The student's page: the picture, sentences, and a table of the skills."""
        return self._explained("html")

    def _explained(self, form: str) -> str:
        # With an equals sign, so that an id that begins with a dash is not taken for an option.
        return output_of(
            ["explain", str(self.run.path), f"--student={self.id}", "--format", form, "--device", self.device]
        )
