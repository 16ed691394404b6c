"""`python -m benchmarks`; see `cli.py`.

A worker, which is started for each figure, goes past the command line: what it imports
beside the contender costs time, and memory that the collector looks at.
"""

import sys

if sys.argv[1:2] == ["worker"]:
    from benchmarks.measuring import worker

    sys.exit(worker.main(sys.argv[2:]))

from benchmarks import cli

sys.exit(cli.main())
