"""spark-submit jobs/benchmark.py …: the same as `faquarry benchmark …`."""

import sys

from faquarry.cli import main

sys.exit(main(["benchmark", *sys.argv[1:]]))
