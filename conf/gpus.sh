#!/bin/sh
# Spark asks this program which GPUs a worker or an executor has. It prints {"name": "gpu", "addresses": ["0", "1"]}.
indices=$(nvidia-smi --query-gpu=index --format=csv,noheader 2>/dev/null | sed 's/.*/"&"/' | paste -sd, -)
printf '{"name": "gpu", "addresses": [%s]}\n' "$indices"
