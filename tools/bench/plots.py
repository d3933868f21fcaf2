# SPDX-License-Identifier: GPL-2.0-only
"""The plots of docs/performance.md, drawn by gnuplot as SVG."""
import subprocess

import benchlib
import tables

QUANTILES = ("p1", "p10", "p25", "p50", "p75", "p90", "p99", "p99.9")
STYLE = """set terminal svg size 760,420 dynamic font 'sans-serif,13' background '#ffffff'
set output '{output}'
set key outside right top
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror
set title '{title}'
set ylabel '{ylabel}'
"""


def gnuplot(script, path):
    subprocess.run(("gnuplot",), input=script, text=True, check=True)
    lines = path.read_text().split("\n", 1)
    path.write_text(f"{lines[0]}\n<!-- {benchlib.LICENCE} -->\n{lines[1]}")


def block(name, rows):
    return f"${name} << END\n" + "\n".join(" ".join(map(str, row)) for row in rows) + "\nEND\n"


def latency_curves(result, work, threads, unit, path):
    """How long a fault took, by the part of faults that took at most so long."""
    case = result.case(work, threads, 3)
    script = STYLE.format(output=path, title=f"{work} at 3x, {threads} thread(s): fault latency",
                          ylabel=f"{unit} a fault")
    parts = []
    for index, system in enumerate(tables.SYSTEMS):
        run = tables.best(case, system, "event.p99", False)
        if run is None:
            continue
        script += block(f"curve{index}", [(at, benchlib.median(run, f"event.{name}"))
                                          for at, name in enumerate(QUANTILES)])
        parts.append(f"$curve{index} with linespoints lw 2 pt 7 ps 0.6 title '{run['system']}'")
    ticks = ", ".join(f"'{name}' {at}" for at, name in enumerate(QUANTILES))
    gnuplot(f"{script}set logscale y\nset xtics ({ticks})\nplot {', '.join(parts)}\n", path)


def rate_bars(result, work, path):
    """Faults a second at each size and number of threads."""
    cases = [case for case in tables.cases_of(result) if case[0] == work]
    columns, rows = tables.SYSTEMS[:4], []
    for _, threads, times in cases:
        runs = [tables.best(result.case(work, threads, times), system, benchlib.rate, True)
                for system in columns]
        rows.append([f'"{times:g}x, {threads}"'] + [
            f"{tables.figure_of(run, benchlib.rate)[0]:.1f}" if run else "NaN" for run in runs])
    script = STYLE.format(output=path, title=f"{work}: faults a second, by size and threads",
                          ylabel="faults a second")
    plots = ", ".join(f"$rates using {column + 2}:xtic(1) title '{name}'"
                      for column, name in enumerate(columns))
    gnuplot(script + block("rates", rows) + "set style data histograms\nset style fill solid 0.8\n"
            f"set yrange [0:*]\nset xlabel 'size, threads'\nplot {plots}\n", path)


def draw_all(results, folder):
    folder.mkdir(exist_ok=True)
    for work in ("thrash-read", "thrash-read-write"):
        if "wall-made" in results:
            rate_bars(results["wall-made"], work, folder / f"{work}.svg")
            latency_curves(results["wall-made"], work, 1, "ns", folder / f"{work}-latency.svg")
        if "instructions-made" in results:
            latency_curves(results["instructions-made"], work, 1, "instructions",
                           folder / f"{work}-instructions.svg")
