"""The program's CSV files as pandas data frames or numpy arrays."""

import csv
import io
from typing import TYPE_CHECKING, Any, Dict, List

if TYPE_CHECKING:
    import pandas

#: Columns that are text even where every value looks like a number: an id "007" stays "007".
_TEXT = {
    "student",
    "skill_id",
    "skill_ids",
    "skill_name",
    "of_skill_id",
    "of_skill_name",
    "item_id",
    "fit",
}

#: A table without pandas: each column's name and its values.
Arrays = Dict[str, Any]


def frame(text: str) -> "pandas.DataFrame":
    """The CSV `text` as a data frame; empty cells are missing values."""
    try:
        import pandas
    except ImportError as error:
        raise ImportError(
            "this table needs pandas: pip install 'gainakt[pandas]'; the method arrays() needs numpy alone"
        ) from error
    names = next(csv.reader(io.StringIO(text)), [])
    text_columns = {name: str for name in names if name in _TEXT}
    return pandas.read_csv(io.StringIO(text), dtype=text_columns, keep_default_na=False, na_values={
        name: [""] for name in names if name not in _TEXT
    })


def arrays(text: str) -> Arrays:
    """The CSV `text` as one numpy array for each column: text for ids and names, else float64 with NaN where empty."""
    try:
        import numpy
    except ImportError as error:
        raise ImportError("arrays need numpy: pip install 'gainakt[numpy]'") from error
    rows = list(csv.reader(io.StringIO(text)))
    found: Arrays = {}
    for column, name in enumerate(rows[0] if rows else []):
        values: List[str] = [row[column] for row in rows[1:]]
        if name in _TEXT:
            found[name] = numpy.array(values, dtype=str)
            continue
        try:
            found[name] = numpy.array([float(value) if value else numpy.nan for value in values])
        except ValueError:
            found[name] = numpy.array(values, dtype=str)
    return found
