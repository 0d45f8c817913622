"""spark-submit jobs/mine.py …: the same as `faquarry mine …`."""

import sys

from faquarry.cli import main

sys.exit(main(["mine", *sys.argv[1:]]))
