#!/bin/sh
# Environments of the packages that read our exports, one each under .peers/ (left alone when they are there).
# tests/peers runs their own loaders in them. Needs the network, and some disk: torch is linked from uv's cache.
set -eu
cd "$(dirname "$0")/.."
UV=.venv/bin/uv
mkdir -p .peers
# One torch for all of them, that of set-up: 5 GB once instead of five times.
grep -E '^(torch|triton|nvidia-|cuda-)' constraints.txt > .peers/constraints.txt

make_peer() { # NAME PACKAGE…
    name=$1; shift
    [ -f ".peers/$name/.ready" ] && { echo "$name: is there"; return 0; }
    rm -rf ".peers/$name"
    "$UV" venv -q --python .venv/bin/python ".peers/$name"
    if "$UV" pip install -q --python ".peers/$name/bin/python" -c .peers/constraints.txt "$@" 2> ".peers/$name.log"; then
        "$UV" pip freeze -q --python ".peers/$name/bin/python" > ".peers/$name/.ready"
        echo "$name: $(grep -i "^$(echo "$1" | sed 's/[^A-Za-z0-9-].*//')==" ".peers/$name/.ready" | head -1)"
    else
        rm -rf ".peers/$name"
        echo "$name: does not install here, .peers/$name.log says why:"
        tail -3 ".peers/$name.log"
    fi
}

make_peer datasets 'datasets>=4'
make_peer mteb 'mteb>=2.20' datasets
make_peer beir 'beir>=2.2'
make_peer sentence-transformers 'sentence-transformers>=5' datasets accelerate
make_peer flagembedding 'FlagEmbedding>=1.4' 'transformers<5'
# What the package index has is 0.1; the current one is on GitHub only, and not on the index.
make_peer tevatron 'tevatron==0.1.0' 'transformers<5' 'datasets>=4' torch
make_peer nlpaug nlpaug
# TextAttack's own pins no longer build or import: newer sentencepiece, older pyarrow.
echo 'sentencepiece>=0.2' > .peers/textattack.overrides
UV_OVERRIDE=.peers/textattack.overrides make_peer textattack 'textattack==0.3.11' 'transformers>=4.40,<5' 'datasets==2.14.4' 'pyarrow==19.0.1' 'setuptools<81'
