"""datasets: every configuration that the card names, and what it holds. Argument: folder."""

import json
import sys

from datasets import get_dataset_config_names, load_dataset

found = {}
for config in get_dataset_config_names(sys.argv[1]):
    for split, rows in load_dataset(sys.argv[1], config).items():
        types = {name: str(getattr(kind, "dtype", kind)) for name, kind in rows.features.items()}
        found[f"{config}/{split}"] = {"rows": len(rows), "columns": rows.column_names, "types": types}
print(json.dumps(found))
