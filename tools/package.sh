#!/bin/sh
# Packs what a cluster needs that has nothing of ours, into dist/ or the folder named: the wheel, Delta's jars, jobs, conf, and
# the Python environment, as a folder for the driver and as one archive that Spark unpacks beside every executor.
# FAQUARRY_PACKAGE_EXTRAS=models adds torch (for GPU executors and training; 3 GB packed).
# Workers need this machine's Python at the same path (a virtual environment links to it); pyspark is Spark's own.
set -eu
cd "$(dirname "$0")/.."

out=${1:-dist}
extras=${FAQUARRY_PACKAGE_EXTRAS-fasttext,langdetect,extruct}
say() { printf 'package: %s\n' "$1"; }

rm -rf "$out"
mkdir -p "$out/jars"
printf '*\n' >"$out/.gitignore"

say "the wheel"
.venv/bin/uv build --quiet --wheel --out-dir "$out" .
wheel=$(ls "$out"/faquarry-*.whl)

say "the environment (${extras:-no extras})"
python=$out/environment/bin/python
.venv/bin/uv venv --quiet --relocatable --python "$(readlink -f .venv/bin/python)" "$out/environment"
.venv/bin/uv pip install --quiet --python "$python" --compile-bytecode -c constraints.txt "$wheel${extras:+[$extras]}"
# Spark gives driver and workers its own pyspark; another one on the path would hide it.
.venv/bin/uv pip uninstall --quiet --python "$python" pyspark py4j
.venv/bin/python -m faquarry.spark.jars >/dev/null
cp "$(.venv/bin/python -c 'from faquarry.spark.jars import jars_folder; print(jars_folder())')"/*.jar "$out/jars/"
cp -r jobs conf "$out/"

say "the archive"
# Names in order, no owners, one time: the same files give the same archive.
tar --sort=name --mtime=2020-01-01 --owner=0 --group=0 --numeric-owner -C "$out/environment" -cf - . \
  | gzip -n -1 >"$out/environment.tar.gz"
say "$(du -sh "$out/environment.tar.gz" | cut -f1) of environment and $(du -sh "$out/jars" | cut -f1) of jars in $out/"
say "next: spark-submit --properties-file $out/conf/spark-standalone.conf $out/jobs/run.py sample --lake URI"
