"""spark-submit jobs/export.py …: the same as `faquarry export …`."""

import sys

from faquarry.cli import main

sys.exit(main(["export", *sys.argv[1:]]))
