"""spark-submit jobs/run.py …: the same as `faquarry run …`."""

import sys

from faquarry.cli import main

sys.exit(main(["run", *sys.argv[1:]]))
