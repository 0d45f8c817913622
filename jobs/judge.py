"""spark-submit jobs/judge.py …: the same as `faquarry judge …`."""

import sys

from faquarry.cli import main

sys.exit(main(["judge", *sys.argv[1:]]))
