# SPDX-License-Identifier: GPL-2.0-only
"""What the scripts of the benchmark share: booting it, and its results.

A file of results has what it was measured on ("about") and "runs": one for
each system, work, number of threads and size, in which every figure is a list,
a number for each repeat.
"""
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
RESULTS = TOP / "tools/bench/results"
LICENCE = "SPDX-License-Identifier: GPL-2.0-only"
# Works that are calls on ranges, and a range's pages.
CALLS, PAGES_PER_CALL = ("page-out", "page-in", "pin", "pin-cold", "unpin"), 64
# What tells runs apart; all else are figures.
KEYS = ("system", "work", "threads", "times", "unit", "pages", "budget", "accesses")


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def output_of(*command):
    run = subprocess.run(command, cwd=TOP, stdout=subprocess.PIPE, text=True, check=False)
    return run.stdout.strip()


def build():
    subprocess.run(("make", "-s", "-C", "tools/bench"), cwd=TOP, check=True)


def boot(job, arguments, lab=(), each=None):
    """Runs a lab job that prints lines of JSON; returns them as dictionaries."""
    kernel = os.environ.get("KERNEL")
    command = [TOP / "tools/lab/lab", "run", *(["--kernel", kernel] if kernel else []), *lab, job,
               *arguments]
    rows = []
    with subprocess.Popen(command, cwd=TOP, stdout=subprocess.PIPE, text=True) as run:
        for line in run.stdout:
            if not line.startswith("{"):
                print(line, end="", file=sys.stderr)
                continue
            rows.append(json.loads(line))
            if each:
                each(rows[-1])
    if run.returncode:
        raise SystemExit(f"bench: the lab run failed with status {run.returncode}.")
    return rows


def about():
    """What the figures are of."""
    kernel = os.environ.get("KERNEL") or "host"
    cpu = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
           if line.startswith("model name")]
    dirty = output_of("git", "status", "--porcelain", "--untracked-files=no", "module", "include")
    return {
        "commit": output_of("git", "rev-parse", "--short=12", "HEAD") + ("+changes" if dirty else ""),
        "kernel": output_of("tools/lab/lab", "kernel", "--kernel", kernel, "--print", "release"),
        "compiler": output_of("gcc-12", "-dumpfullversion"),
        "emulator": output_of("qemu-system-x86_64", "--version").splitlines()[0],
        "processor": f"{cpu[0] if cpu else platform.machine()}, {os.cpu_count()} of them",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def flatten(row):
    """A line of the benchmark with the figures in groups as NAME.FIGURE."""
    flat = {}
    for name, value in row.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{inner}": number for inner, number in value.items()})
        else:
            flat[name] = value
    return flat


def gather(rows):
    """Lines of the benchmark as runs, the repeats together."""
    runs = {}
    for row in map(flatten, rows):
        if "system" not in row:
            continue
        key = tuple(row[name] for name in KEYS)
        run = runs.setdefault(key, {name: row[name] for name in KEYS})
        for name, value in row.items():
            if name not in KEYS and name != "repeat":
                run.setdefault(name, []).append(value)
    return list(runs.values())


def store(path, facts, rows):
    """Writes results, a run a line, whole or not at all."""
    other = [row for row in rows if "system" not in row]
    lines = [json.dumps(run, separators=(",", ":")) for run in gather(rows)]
    text = ('{"licence":' + json.dumps(LICENCE) + ',\n"about":' + json.dumps(facts, indent=1) +
            ',\n"facts":' + json.dumps(other) + ',\n"runs":[\n' + ",\n".join(lines) + "\n]}\n")
    json.loads(text)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".partial")
    part.write_text(text)
    part.rename(path)


def median(run, figure):
    return statistics.median(run[figure])


def rate(run):
    """Faults (or pages of a range) a second of wall time, for each repeat."""
    return [pages / wall * 1e9 for pages, wall in zip(pages_of(run), run["wall"])]


def throughput(run):
    """Accesses a second: what the program gets, whatever faults it took."""
    return [run["accesses"] / wall * 1e9 for wall in run["wall"]]


def processors(run):
    """How many were busy, on average, with the program or with what the kernel did for it."""
    return [cpu / wall for cpu, wall in zip(run["cpu"], run["wall"])]


def pages_of(run):
    """What a run was about: pages of ranges, or faults, in each repeat."""
    if run["work"] in CALLS:
        return [PAGES_PER_CALL * run["accesses"]] * len(run["faults"])
    return run["faults"]
