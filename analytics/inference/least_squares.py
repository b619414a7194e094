"""Ordinary least squares that keeps its digits on nearly dependent columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chimera_metrics.analytics.inference.series import Floats


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients with standard errors, and the standard deviation of the residuals."""

    coefficients: Floats
    standard_errors: Floats
    residual_sd: float


def least_squares(design: Floats, y: Floats) -> Fit | None:
    """The coefficients b that make |y - design b| smallest, with their standard errors.

    design: (n, p) columns, the constant among them where one is meant; y: (n,).
    Returns: coefficients (p,) in units of y per unit of the column, standard errors (p,), residual sd.
    Undefined when: n <= p, or the columns are dependent in double precision (None).
    Formula: QR of the columns scaled to about length 1, then refined with residuals in extended precision.
    Source: Bjorck 1967, doi:10.1007/BF01939406; checked on NIST StRD (tests/inference/test_nist.py).
    Example: x = 1, 2, 3 and y = 2, 4, 7 with a constant gives -0.667 and 2.5.
    """
    n, p = design.shape
    lengths = np.sqrt((design * design).sum(axis=0))
    if n <= p or not lengths.all():
        return None
    lengths = np.exp2(np.round(np.log2(lengths)))  # powers of two: scaling is exact
    scaled = design / lengths
    q, r = np.linalg.qr(scaled)
    diagonal = np.abs(np.diag(r))
    if diagonal.min() <= 4.0 * np.finfo(np.float64).eps * diagonal.max():
        return None
    wide, target = scaled.astype(np.longdouble), y.astype(np.longdouble)
    solution = np.zeros(p, dtype=np.longdouble)
    left = target.copy()
    for _ in range(4):
        # Residuals and coefficients are corrected together (the augmented system).
        f = target - left - wide @ solution
        g = -(wide.T @ left)
        h = np.linalg.solve(r.T, g.astype(np.float64))
        projected = q.T @ f.astype(np.float64)
        solution = solution + np.linalg.solve(r, projected - h)
        left = left + (f - (q @ (projected - h)).astype(np.longdouble))
    residual_sd = float(np.sqrt((left @ left) / (n - p)))
    inverse = np.linalg.solve(r, np.eye(p))
    errors = residual_sd * np.sqrt((inverse * inverse).sum(axis=1)) / lengths
    return Fit((solution / lengths).astype(np.float64), errors, residual_sd)
