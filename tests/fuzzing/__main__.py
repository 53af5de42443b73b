"""``python -m tests.fuzzing FIRST STOP FOLDER [PROCESSES]``: reads these cases; the failed lie in ``FOLDER/failed``."""

import sys
from pathlib import Path

from tests.fuzzing.campaign import run
from tests.fuzzing.generated import all_seeds

first, stop, folder, *rest = sys.argv[1:]
Path(folder).mkdir(parents=True)
campaign = run(all_seeds(), range(int(first), int(stop)), Path(folder), processes=int(*rest or ("1",)))
print(campaign)
sys.exit(bool(campaign.failures))
