"""The data checks: the same as `muse verify`. Exits 0 if all hold, 1 if not.

python scripts/verify-data.py [--days N] [--json]
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from chimera_metrics.apps.muse_cli import main

if __name__ == "__main__":
    main(["verify", *sys.argv[1:]], prog_name="muse")
