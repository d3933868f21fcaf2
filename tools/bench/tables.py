# SPDX-License-Identifier: GPL-2.0-only
"""The tables of docs/performance.md and the pages beside it, from results."""
import statistics

import benchlib

SYSTEMS = ("vmzone", "zram", "memfd", "userfaultfd", "madv-pageout", "anon")
ZRAM = ("zram", "zram-cluster3", "zram-mglru", "zram-mglru-cluster3")
WORK_ORDER = ("first-touch", "cold-random", "cold-random-write", "cold-sequential", "thrash-read",
              "thrash-read-write", "zipf-read", "scan", "page-out", "page-in", "pin", "pin-cold",
              "unpin")
FAULTING = tuple(work for work in WORK_ORDER if work not in benchlib.CALLS)


class Results:
    """One file: its runs by (work, threads, times), and there by system."""

    def __init__(self, document):
        self.about = document["about"]
        self.codec = next((fact for fact in document["facts"] if "codec" in fact), None)
        self.untouched = next((fact for fact in document["facts"] if "zone" in fact), None)
        self.cases = {}
        for run in document["runs"]:
            case = run["work"], run["threads"], run["times"]
            self.cases.setdefault(case, {})[run["system"]] = run

    def case(self, work, threads=1, times=None):
        """Of a work without a budget, times is 0 in the results."""
        for size in (times, 0):
            if (work, threads, size) in self.cases:
                return self.cases[work, threads, size]
        return {}


def figure_of(run, figure):
    """Median, least and most of a figure: a name, or a function of the run."""
    values = figure(run) if callable(figure) else run[figure]
    return statistics.median(values), min(values), max(values)


def fastest_tenth(rates):
    """The least that one in ten reaches: there the host kept no processor to itself."""
    return sorted(rates)[9 * len(rates) // 10]


# Which of the repeats stand for all, where it matters what the host had to give.
PICKS = (("fastest tenth", fastest_tenth), ("median", statistics.median))


def size_of(times):
    """How much data, in budgets, where a work has one."""
    return f"{times:g}x" if times else ""


def is_measured(run, figure):
    """Whether a run has that figure: one of faults needs a fault in each repeat."""
    return figure is benchlib.throughput or all(benchlib.pages_of(run))


def best(case, system, figure, most):
    """The run that stands for a system: of zram's variants the best one."""
    runs = [case[name] for name in (ZRAM if system == "zram" else (system,))
            if name in case and is_measured(case[name], figure)]
    if not runs:
        return None
    return (max if most else min)(runs, key=lambda run: figure_of(run, figure)[0])


def short(value):
    if value >= 1e6:
        return f"{value / 1e6:,.2f} M"
    if value >= 1e4:
        return f"{value / 1e3:,.1f} k"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def row(*cells):
    return "| " + " | ".join(cells) + " |\n"


def head(*cells):
    return row(*cells) + row(*("---:" if index else "---" for index, _ in enumerate(cells)))


def cell(run, figure):
    if run is None:
        return ""
    middle, least, most = figure_of(run, figure)
    if len(run["wall"]) == 1 or f"{short(least)}" == f"{short(most)}":
        return short(middle)
    return f"{short(middle)} ({short(least)}–{short(most)})"


def about(results):
    text = head("results", "commit", "kernel", "compiler", "processor", "load at the start")
    for name, result in results.items():
        facts = result.about
        text += row(f"`{name}.json`", facts["commit"], facts["kernel"], facts["compiler"],
                    facts["processor"], facts["load"])
    text += "\n"
    for name, result in results.items():
        text += f"- `{name}`: `{result.about['command']}`\n"
        if result.codec:
            codec = result.codec
            text += (f"  - lz4 by itself, a page ({codec['ratio']:.2f}:1): compress"
                     f" {codec['compress']:,.0f}, decompress {codec['decompress']:,.0f}"
                     f" {codec['unit']}\n")
    return text


def matrix(result, figure, most, cases):
    """A line for each case, a column for each system."""
    text = head("work", "threads", "size", *SYSTEMS, "zram's best")
    for work, threads, times in cases:
        case = result.case(work, threads, times)
        if not case:
            continue
        runs = [best(case, system, figure, most) for system in SYSTEMS]
        times = next(iter(case.values()))["times"]
        text += row(work, str(threads), size_of(times),
                    *(cell(run, figure) for run in runs),
                    runs[1]["system"] if runs[1] else "")
    return text


def cases_of(result, works=WORK_ORDER, threads=None):
    return sorted((case for case in result.cases if case[0] in works and
                   (threads is None or case[1] == threads)),
                  key=lambda case: (works.index(case[0]), case[1], case[2]))


def instructions(result):
    return (matrix(result, "all_per_page", False, cases_of(result)) +
            "\nWithin the faulting access alone, median (the fault that nothing disturbs):\n\n" +
            matrix(result, "event.p50", False, cases_of(result)))


def rates(result):
    return matrix(result, benchlib.rate, True, cases_of(result))


def throughputs(result):
    return matrix(result, benchlib.throughput, True, [
        case for case in cases_of(result) if result.case(*case) and case[2] == 3])


def latency(result):
    text = ""
    for figure in ("event.p50", "event.p99", "event.p99.9"):
        text += f"{figure.removeprefix('event.')}, ns:\n\n"
        text += matrix(result, figure, False, cases_of(result, FAULTING)) + "\n"
    return text


def cpu(result):
    def per_page(run):
        return [total / pages for total, pages in zip(run["cpu"], benchlib.pages_of(run))]
    return matrix(result, per_page, False, cases_of(result, threads=1))


def memory(result):
    text = head("system", "frames", "payload", "store beside payload", "metadata", "page tables",
                "of the machine, all told", "held of the budget at most")
    for work, times in (("thrash-read", 3), ("thrash-read", 8)):
        case = result.case(work, 1, times)
        for system in SYSTEMS:
            run = case.get(system)
            if run is None:
                continue

            def mib(figure, run=run):
                return f"{figure_of(run, 'memory.' + figure)[0] / 2**20:.2f}"
            beside = (figure_of(run, "memory.store")[0] - figure_of(run, "memory.payload")[0])
            text += row(f"{system}, {times}x", mib("frames"), mib("payload"),
                        f"{beside / 2**20:.2f}", mib("metadata"), mib("page_tables"),
                        mib("machine"), mib("held"))
    return text


def gains(result, work, times, pick):
    ratios = [two_to_one(result, work, times, system, pick) for system in SYSTEMS]
    return [f"{gain:.2f}" if gain else "" for gain in ratios]


def threads(result):
    text = head("work", "size", *(f"{system}, 2 : 1" for system in SYSTEMS),
                "processors busy, one thread of vmzone")
    for work, _, times in cases_of(result, FAULTING, threads=1):
        busy = figure_of(result.case(work, 1, times)["vmzone"], benchlib.processors)[0]
        text += row(work, size_of(times), *gains(result, work, times, statistics.median),
                    f"{busy:.2f}")
    return text


def threads_undisturbed(result):
    text = head("work", "runs", *(f"{system}, 2 : 1" for system in SYSTEMS))
    for work, _, times in cases_of(result, FAULTING, threads=1):
        for runs, pick in PICKS:
            text += row(work, runs, *gains(result, work, times, pick))
    return text


def fio(result):
    works = tuple(sorted({case[0] for case in result.cases}))
    text = head("work", "vmzone, IO/s", "zram, IO/s", "ratio", "vmzone p99, us", "zram p99, us")
    for case in cases_of(result, works):
        runs = [result.cases[case][system] for system in ("vmzone", "zram")]
        ours, theirs = (figure_of(run, benchlib.rate)[0] for run in runs)
        text += row(case[0], *(cell(run, benchlib.rate) for run in runs), f"{ours / theirs:.1f}",
                    *(f"{figure_of(run, 'event.p99')[0] / 1000:,.0f}" for run in runs))
    return text


def ratio(result, case, other, figure, most, less=0):
    """How many times better vmzone is, with so much taken off both sides."""
    case = result.case(*case)
    runs = best(case, "vmzone", figure, most), best(case, other, figure, most)
    if not all(runs):
        return None
    ours, theirs = (figure_of(run, figure)[0] - less for run in runs)
    return ours / theirs if most else theirs / ours


def two_to_one(result, work, times, system, pick):
    """The rate of two threads over that of one; None where either is missing."""
    runs = [best(result.case(work, nr, times), system, benchlib.rate, True) for nr in (1, 2)]
    if not all(runs):
        return None
    one, two = (pick(benchlib.rate(run)) for run in runs)
    return two / one


def target(what, against, want, got):
    return row(what, against, f"{want:g}x", f"{got:.2f}x", "" if got >= want else "missed")


def userfaultfd_targets(clock):
    """Each work that it can do with one thread; with more threads the least."""
    text = ""
    for nr in (1, 2, 4):
        reached = {}
        for work, _, times in cases_of(clock, threads=nr):
            gain = ratio(clock, (work, nr, times), "userfaultfd", benchlib.rate, True)
            if gain is not None and times in (0, 3):
                reached[f"{work} at 3x" if times else work] = gain
        least = min(reached, key=reached.get, default=None)
        for work, gain in reached.items():
            if nr == 1 or work == least:
                what = work if nr == 1 else f"the least with {nr} threads, {work}"
                text += target(f"against userfaultfd: {what}, pages/s", "userfaultfd", 5, gain)
    return text


def threads_targets(roomy):
    """Wanted where both processors are to be had, which the fastest runs show."""
    text = ""
    for runs, pick in PICKS:
        for work in ("first-touch", "cold-random", "cold-sequential"):
            got = two_to_one(roomy, work, 0, "vmzone", pick)
            if got is not None:
                text += target(f"two threads against one: {work}, faults/s, {runs}", "itself", 1.7,
                               got)
        floor = two_to_one(roomy, "first-touch", 0, "anon", pick)
        if floor is not None:
            text += row(f"the same of anonymous memory: first-touch, {runs}", "itself", "",
                        f"{floor:.2f}x", "")
    return text


def targets(results):
    counts, clock = results["instructions-made"], results["wall-thrash"]
    roomy = results["wall-no-eviction"]
    lz4 = counts.codec["decompress"]
    lines = [
        ("instructions of a cold page-in beyond the decompressor's, mean, random", 2, counts,
         ("cold-random",), "zram", "event.mean", False, lz4),
        ("the same, sequential", 2, counts, ("cold-sequential",), "zram", "event.mean", False, lz4),
        ("the same, median, random", 2, counts, ("cold-random",), "zram", "event.p50", False, lz4),
    ]
    for work, want in (("thrash-read", 3), ("thrash-read-write", 2)):
        for nr in (1, 2):
            case = f"{work} at 3x, {nr} thread{'s' * (nr > 1)}"
            lines.append((f"{case}, faults/s", want, clock, (work, nr, 3), "zram", benchlib.rate,
                          True, 0))
            lines.append((f"{case}, accesses/s", want, clock, (work, nr, 3), "zram",
                          benchlib.throughput, True, 0))
        lines.append((f"{work} at 3x, instructions a fault", want, counts, (work, 1, 3), "zram",
                      "all_per_page", False, 0))
        for nr in (1, 2):
            lines.append((f"p99 of a fault, {work} at 3x, {nr} thread{'s' * (nr > 1)}", 4, clock,
                          (work, nr, 3), "zram", "event.p99", False, 0))
    lines += [
        ("first touch, wall time", 1, roomy, ("first-touch",), "anon", benchlib.rate, True, 0),
        ("first touch, instructions", 1, counts, ("first-touch",), "anon", "all_per_page", False, 0),
        ("scan at 3x, faults/s", 3, clock, ("scan", 1, 3), "zram", benchlib.rate, True, 0),
        ("scan at 3x, instructions", 3, counts, ("scan", 1, 3), "zram", "all_per_page", False, 0),
    ]
    text = head("what", "against", "wanted", "reached", "")
    for what, want, result, case, other, figure, most, less in lines:
        got = ratio(result, case, other, figure, most, less)
        if got is not None:
            text += target(what, other, want, got)
    text += userfaultfd_targets(results["wall-made"]) + threads_targets(roomy)
    for size in (3, 8):
        run = counts.case("thrash-read", 1, size)["vmzone"]
        beside = (figure_of(run, "memory.store")[0] - figure_of(run, "memory.payload")[0] +
                  figure_of(run, "memory.metadata")[0]) / run["pages"]
        text += row(f"bytes a slot beside frames and payload, {size}x", "", "at most 24",
                    f"{beside:.1f}", "" if beside <= 24 else "missed")
    part = 100 * counts.untouched["metadata"] / counts.untouched["bytes"]
    return text + row("memory of a zone of 16 GiB, never touched", "", "at most 0.1 %",
                      f"{part:.5f} %", "" if part <= 0.1 else "missed")


def better_than_us(result, case, figure, most):
    """The other system that did best in a case, and by how much; nothing below 3 %."""
    found = {other: ratio(result, case, other, figure, most) for other in SYSTEMS[1:]}
    found = {other: by for other, by in found.items() if by is not None and by < 0.97}
    if not found:
        return ""
    other = min(found, key=found.get)
    return f"{other} {1 / found[other]:.2f}x"


def losses(results):
    """A line for each case in which another system did better in some figure."""
    text = head("results", "work", "threads", "size", "accesses/s, or instructions", "p50", "p99",
                "p99.9")
    for name, result in results.items():
        if name.startswith("fio"):
            continue
        whole = (("all_per_page", False) if name.startswith("instructions")
                 else (benchlib.throughput, True))
        figures = (whole, ("event.p50", False), ("event.p99", False), ("event.p99.9", False))
        for case in cases_of(result):
            cells = [better_than_us(result, case, *figure) for figure in figures]
            if any(cells):
                work, nr, times = case
                text += row(name, work, str(nr), size_of(times), *cells)
    return text


def makers(results):
    """What can stand in the page, by the name in its mark."""
    def of(configuration, table):
        result = results.get(configuration)
        return lambda: table(result) if result else "Not measured.\n"

    wanted = {"wall-made", "wall-no-eviction", "wall-thrash", "instructions-made"}
    return {
        "about": lambda: about(results),
        "targets": lambda: targets(results) if wanted <= results.keys() else "Not measured.\n",
        "instructions-made": of("instructions-made", instructions),
        "instructions-corpus": of("instructions-corpus", instructions),
        "rates-made": of("wall-made", rates),
        "throughputs-made": of("wall-made", throughputs),
        "rates-corpus": of("wall-corpus", rates),
        "latency-made": of("wall-made", latency),
        "cpu-made": of("wall-made", cpu),
        "threads-made": of("wall-made", threads),
        "rates-thrash": of("wall-thrash", rates),
        "threads-thrash": of("wall-thrash", threads),
        "rates-no-eviction": of("wall-no-eviction", rates),
        "threads-no-eviction": of("wall-no-eviction", threads_undisturbed),
        "memory-made": of("instructions-made", memory),
        "fio": of("fio-made", fio),
        "losses": lambda: losses(results),
    }
