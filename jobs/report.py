"""spark-submit jobs/report.py …: the same as `faquarry report …`."""

import sys

from faquarry.cli import main

sys.exit(main(["report", *sys.argv[1:]]))
