"""Ingests files: the same as `muse backfill`.

python scripts/backfill-data.py --days N [--source PATH] [--shift-to-now]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chimera_metrics.apps.muse_cli import main

if __name__ == "__main__":
    main(["backfill", *sys.argv[1:]], prog_name="muse")
