"""spark-submit jobs/deduplicate.py …: the same as `faquarry deduplicate …`."""

import sys

from faquarry.cli import main

sys.exit(main(["deduplicate", *sys.argv[1:]]))
