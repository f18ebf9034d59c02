"""``python -m changping_geo`` is ``changping-geo``."""

import sys

from changping_geo.cli import main

sys.exit(main())
