"""What statsforecast's models forecast of the same windows: for `bench.forecast`, which runs this elsewhere.

python forecast_rivals.py MODEL PERIOD HORIZON WINDOWS.npy FORECASTS.npz: windows (cases, n) in; `value`, `low_80`,
`high_80`, `low_95`, `high_95` (cases, horizon) and `seconds` a case out. It imports nothing of this project: its
environment is another.
"""

from __future__ import annotations

import importlib
import sys
import time
from typing import Any

import numpy as np

MODELS = {
    "seasonal naive": lambda sf, m: sf.SeasonalNaive(m) if m > 1 else sf.Naive(),
    "Theta": lambda sf, m: sf.DynamicOptimizedTheta(season_length=m),
    "AutoETS": lambda sf, m: sf.AutoETS(season_length=m),
    "AutoARIMA": lambda sf, m: sf.AutoARIMA(season_length=m),
}
FIELDS = {"value": "mean", "low_80": "lo-80", "high_80": "hi-80", "low_95": "lo-95", "high_95": "hi-95"}


def main(name: str, period: int, horizon: int, windows: Any) -> dict[str, Any]:
    """The forecasts of one model for every window."""
    models = importlib.import_module("statsforecast.models")
    found: dict[str, list[Any]] = {field: [] for field in FIELDS}
    MODELS[name](models, period).forecast(y=windows[0], h=horizon, level=[80, 95])  # compiles what is compiled
    begin = time.process_time()
    for window in windows:
        said = MODELS[name](models, period).forecast(y=window, h=horizon, level=[80, 95])
        lowest = 0.0 if window.min() >= 0.0 else -np.inf
        for field, key in FIELDS.items():
            found[field].append(np.maximum(said[key], lowest) if field.startswith("low") else said[key])
    arrays = {field: np.array(values) for field, values in found.items()}
    return arrays | {"seconds": np.array((time.process_time() - begin) / len(windows))}


if __name__ == "__main__":
    model, m, h, given, out = sys.argv[1:]
    np.savez(out, **main(model, int(m), int(h), np.load(given)))
