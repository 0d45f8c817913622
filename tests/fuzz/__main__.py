"""``python -m tests.fuzz --minutes 15 [--seed 7] [--target page …] [--engine atheris]``

Targets take turns, a process each, so that a crash of a C library is found like any other fault. What breaks is made
smaller, and written to ``fuzz-found/TARGET-HASH.bin`` with the reason beside it; the command then ends with 1. With the
same seed and targets the same inputs are tried in the same order.

The engine ``random`` needs nothing; ``atheris`` (``pip install atheris``) is led by coverage of our own code.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import random
import resource
import subprocess
import sys
import time
import traceback
from pathlib import Path

from tests.fuzz.mutations import MAX_BYTES, mutated, seeds
from tests.fuzz.targets import TARGETS

FOUND = Path("fuzz-found")
MAX_CPU_S = 2.0  # for an input of at most MAX_BYTES, on any machine that this is run on
MAX_MEMORY = 4 << 30
KEEP = 400  # inputs that are mutated again


def main() -> int:
    options = _arguments()
    if options.worker:
        return _work(options.worker, options.seconds, options.seed, options.engine)
    if options.input:
        return _replay(options.input, options.target)
    engine = options.engine
    if engine == "auto":
        engine = "random"
    if engine == "atheris" and importlib.util.find_spec("atheris") is None:
        print("atheris is not installed (pip install atheris): the engine random is used.")
        engine = "random"
    names = options.target or list(TARGETS)
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 30)
    seconds = max(1.0, options.minutes * 60 / len(names))
    print(f"fuzz: {len(names)} targets, {seconds:.0f} CPU s each, seed {seed}, engine {engine}", flush=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    bad = [name for name in names if not _run(name, seconds, seed, engine)]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"fuzz: {spent / 60:.1f} CPU minutes; " + (f"faults in {', '.join(bad)}: see {FOUND}/" if bad else "no fault")
    )
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0, help="CPU minutes of all targets together")
    parser.add_argument("--seed", type=int, help="default: a new one, which is printed")
    parser.add_argument("--target", action="append", choices=list(TARGETS))
    parser.add_argument("--engine", choices=["auto", "random", "atheris"], default="auto")
    parser.add_argument("--input", type=Path, help="try this file again (with --target)")
    parser.add_argument("--worker", choices=list(TARGETS), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, default=60.0, help=argparse.SUPPRESS)
    return parser.parse_args()


def _run(name: str, seconds: float, seed: int, engine: str) -> bool:
    command = [sys.executable, "-m", "tests.fuzz", "--worker", name, "--seconds", str(seconds), "--seed", str(seed)]
    ended = subprocess.run([*command, "--engine", engine], check=False).returncode
    if ended < 0:  # a signal: the input that was being tried is where the worker wrote it
        kept = _keep(name, _current(name).read_bytes(), f"the process was ended by signal {-ended}")
        print(f"{name}: crashed (signal {-ended}), {kept}", flush=True)
    return ended == 0


def _current(name: str) -> Path:
    return FOUND / f"{name}.current"


def _keep(name: str, data: bytes, why: str) -> Path:
    FOUND.mkdir(exist_ok=True)
    path = FOUND / f"{name}-{hashlib.sha1(data, usedforsecurity=False).hexdigest()[:10]}.bin"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(why, encoding="utf-8")
    return path


def _fault(name: str, data: bytes) -> str | None:
    """Why this input is a fault; None when all is well."""
    target = TARGETS[name]
    began = time.thread_time()
    try:
        first = target(data)
        spent = time.thread_time() - began
        second = target(data)
    except Exception:
        return traceback.format_exc(limit=-6)
    if spent > MAX_CPU_S:
        return f"{spent:.1f} CPU s for {len(data)} bytes"
    return None if first == second or repr(first) == repr(second) else "another result the second time"


def _work(name: str, seconds: float, seed: int, engine: str) -> int:
    FOUND.mkdir(exist_ok=True)
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY, MAX_MEMORY))
    if engine == "atheris":
        return _atheris(name, seconds, seed)
    dice = random.Random(f"{seed} {name}")
    pool = list(seeds(name))
    others = seeds(name)
    tried, faults, current = 0, {}, _current(name)
    for data in pool:
        if why := _fault(name, data):
            faults.setdefault(_kind(why), _keep(name, data, why))
    limit = time.process_time() + seconds
    while time.process_time() < limit and len(faults) < 10:
        data = mutated(dice.choice(pool), dice, others)
        current.write_bytes(data)
        tried += 1
        why = _fault(name, data)
        if why is None:
            if dice.random() < 0.1 and len(data) < MAX_BYTES // 2:  # some grow far from where they began
                pool = [*pool[: len(others)], *pool[len(others) :][-KEEP:], data]
        elif _kind(why) not in faults:
            small = _smaller(name, data, _kind(why))
            faults[_kind(why)] = _keep(name, small, why)
    current.unlink(missing_ok=True)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"{name}: {tried:,} inputs, {memory} MiB at most, {len(faults)} faults", flush=True)
    for kind, path in faults.items():
        print(f"  {path}: {kind}", flush=True)
    return 1 if faults else 0


def _kind(why: str) -> str:
    """Faults that are one fault: the last line without its numbers and values."""
    return "".join("#" if char.isdigit() else char for char in why.strip().splitlines()[-1])[:80]


def _smaller(name: str, data: bytes, kind: str) -> bytes:
    """The fault with less around it, as far as a few seconds go."""
    limit, step = time.process_time() + 10, max(1, len(data) // 2)
    while step and time.process_time() < limit:
        at, shorter = 0, False
        while at < len(data) and time.process_time() < limit:
            tried = data[:at] + data[at + step :]
            why = _fault(name, tried)
            if why is not None and _kind(why) == kind:
                data, shorter = tried, True
            else:
                at += step
        step = step if shorter else step // 2
    return data


def _atheris(name: str, seconds: float, seed: int) -> int:
    import atheris

    with atheris.instrument_imports(include=["faquarry"]):
        for module in [module for module in sys.modules if module.startswith("faquarry")]:
            del sys.modules[module]
        for module in [module for module in sys.modules if module.startswith("tests.fuzz.targets")]:
            del sys.modules[module]
        from tests.fuzz.targets import TARGETS as INSTRUMENTED

    TARGETS.update(INSTRUMENTED)
    corpus = FOUND / f"corpus-{name}"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds(name)):
        (corpus / f"seed-{number}").write_bytes(data)
    others = seeds(name)

    def once(data: bytes) -> None:
        why = _fault(name, data)
        if why is not None:
            kept = _keep(name, _smaller(name, data, _kind(why)), why)
            raise AssertionError(f"{kept}: {why}")

    def mutate(data: bytes, size: int, step: int) -> bytes:
        dice = random.Random(step)
        return mutated(data, dice, others)[:size] if step % 2 else atheris.Mutate(data, size)

    flags = [
        f"-max_total_time={int(seconds)}",
        f"-seed={seed}",
        f"-max_len={MAX_BYTES}",
        "-rss_limit_mb=0",
        "-print_final_stats=0",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *flags, str(corpus)], once, custom_mutator=mutate)
    atheris.Fuzz()
    return 0


def _replay(path: Path, targets: list[str] | None) -> int:
    """Tries a kept input again."""
    name = targets[0] if targets else path.name.rpartition("-")[0]
    why = _fault(name, path.read_bytes())
    print(why or f"{name}: no fault")
    return 1 if why else 0


if __name__ == "__main__":
    sys.exit(main())
