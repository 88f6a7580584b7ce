"""The module against a real run of the program, which must be installed (`scripts/wheel.sh` does both)."""

import csv
import html
import subprocess
import sys
from pathlib import Path
from typing import List

import gainakt
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> gainakt.Run:
    """Two epochs on the embedded class."""
    out = tmp_path_factory.mktemp("runs")
    return gainakt.train(preset="evidence", epochs=2, device="cpu", out=out, title="python", progress=False)


def test_progress_is_told_step_by_step(tmp_path: Path) -> None:
    told: List[gainakt.Progress] = []
    gainakt.train(model="evidence", epochs=1, device="cpu", out=tmp_path, progress=told.append)
    training = [p for p in told if p.task == "epoch 1/1"]
    assert training and training[-1].done == training[-1].total
    assert [p.done for p in training] == sorted(p.done for p in training)


def test_tables_come_as_data_frames(run: gainakt.Run) -> None:
    metrics = run.metrics()
    assert list(metrics["epoch"]) == [1, 2]
    predictions = run.predictions()
    assert predictions["prediction"].between(0, 1).all() and set(predictions["response"]) == {0, 1}
    # The figure in results.json is that of the predictions: AUC by rank sum.
    ranks = predictions["prediction"].rank()
    right = predictions["response"] == 1
    pairs = right.sum() * (~right).sum()
    auc = (ranks[right].sum() - right.sum() * (right.sum() + 1) / 2) / pairs
    assert auc == pytest.approx(run.results["test"]["auc"], abs=1e-6)


def test_tables_come_as_arrays_without_pandas(run: gainakt.Run) -> None:
    arrays = run.arrays("metrics")
    frame = run.metrics()
    assert set(arrays) == set(frame.columns)
    assert arrays["train_loss"] == pytest.approx(frame["train_loss"].to_numpy())
    with pytest.raises(ValueError, match="metrics"):
        run.arrays("nothing")


def test_a_student_is_read_and_shown(run: gainakt.Run) -> None:
    student = run.student(run.students()[0])
    frame = student.frame()
    assert len(frame) == len(student.steps) * frame["of_skill_id"].nunique()
    # Skills never practised have no band.
    banded = frame.dropna(subset=["chance_low"])
    assert 0 < len(banded) < len(frame)
    assert banded["chance"].between(banded["chance_low"], banded["chance_high"]).all()
    assert student.svg().startswith("<svg")
    page = student.html()
    assert student.id in page and "<svg" in page and "<table" in page
    assert html.escape(page) in student._repr_html_()


def test_ids_stay_text(tmp_path: Path) -> None:
    file = tmp_path / "answers.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["student", "skill", "response"])
        for student in range(20):
            for answer in range(12):
                writer.writerow([f"0{student:02}", f"00{answer % 3}", (student + answer) % 2])
    run = gainakt.train(data=file, epochs=1, device="cpu", out=tmp_path / "runs", progress=False)
    student = run.students()[0]
    assert student.startswith("0")
    assert set(run.student(student).frame()["of_skill_id"]) == {"000", "001", "002"}
    assert set(run.arrays("trajectories")["of_skill_id"]) == {"000", "001", "002"}


def test_what_the_program_says_is_raised(run: gainakt.Run, tmp_path: Path) -> None:
    with pytest.raises(gainakt.GainaktError, match="nobody") as failed:
        run.student("nobody")
    assert failed.value.exit_code == 2
    with pytest.raises(gainakt.GainaktError, match="no such file|No such file|cannot find"):
        gainakt.train(data=tmp_path / "missing.csv", progress=False)
    with pytest.raises(FileNotFoundError, match="config.json"):
        gainakt.Run(tmp_path)


def test_a_function_that_fails_stops_the_program(tmp_path: Path) -> None:
    def fail(_: gainakt.Progress) -> None:
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        gainakt.train(epochs=500, device="cpu", out=tmp_path, progress=fail)
    (folder,) = tmp_path.iterdir()
    assert gainakt.Run(folder).results["ended"] == "stopped"
    assert not (folder / "manifest.json").exists()


def test_the_program_runs_as_a_module() -> None:
    said = subprocess.run([sys.executable, "-m", "gainakt", "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("gainakt ")


def test_the_notebook_runs(tmp_path: Path) -> None:
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(EXAMPLES / "first_steps.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("&lt;svg" in output.get("data", {}).get("text/html", "") for output in shown)
