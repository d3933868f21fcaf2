# SPDX-License-Identifier: GPL-2.0-only
"""fio's own figures as runs of the benchmark."""
import json


def rows_of(folder):
    """Lines as the benchmark's, from the files SYSTEM.ENGINE.RW.REPEAT.json."""
    rows = []
    for path in sorted(folder.glob("*.*.*.*.json")):
        system, engine, pattern, repeat, _ = path.name.split(".")
        job = json.loads(path.read_text())["jobs"][0]
        sides = [job[side] for side in ("read", "write") if job[side]["total_ios"]]
        accesses = sum(side["total_ios"] for side in sides)
        # fio gives quantiles for each direction; the worse one is quoted.
        event = {f"p{float(name):g}": max(side["clat_ns"]["percentile"].get(name, 0)
                                          for side in sides)
                 for name in sides[0]["clat_ns"]["percentile"]}
        event["mean"] = sum(side["clat_ns"]["mean"] * side["total_ios"]
                            for side in sides) / accesses
        rows.append({
            "system": system, "work": f"fio-{engine}-{pattern}", "threads": 1, "times": 3,
            "unit": "ns", "pages": 0, "budget": 0, "accesses": accesses,
            "repeat": int(repeat) - 1, "faults": accesses,
            "wall": max(side["runtime"] for side in sides) * 1e6, "event": event,
            "cpu": job["sys_cpu"] + job["usr_cpu"], "wrong": job["error"],
        })
    return rows
