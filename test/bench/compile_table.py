#!/usr/bin/env python3
"""Measures the compiler itself: time, peak memory, package size and code size for each model.

Writes JSON, and the table of docs/performance.md to standard output. Times are of the processor, so
that other work on the machine matters little; the compiler uses one thread. The heavy models are
included.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import models, results  # noqa: E402

# The limits that a model is held to: seconds and bytes.
LIMIT = (20, 1.5e9)
HEAVY_LIMIT = (60, 2.5e9)


# A process's peak starts at what its parent held when it forked, and this script holds whole
# models: a small process of its own starts the compiler.
MEASURE = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status))
"""


def measured(command):
    """(seconds of processor time, peak bytes of the process, exit code)."""
    done = subprocess.run([sys.executable, "-c", MEASURE, *map(str, command)],
                          stdout=subprocess.PIPE, text=True, check=True)
    seconds, peak, code = done.stdout.split()
    return float(seconds), int(peak), int(code)


def code_bytes(binary, package):
    done = subprocess.run([binary, "inspect", package, "--json"], capture_output=True, text=True,
                          check=True)
    sections = json.loads(done.stdout)["sections"]
    return sum(section["bytes"] for section in sections if section["name"] == "code")


def main():
    p = results.parser(__doc__)
    p.add_argument("--filter", default="", help="only the models whose name contains this")
    p.add_argument("--json", help="write the figures to this file")
    args = p.parse_args()
    binary = str(pathlib.Path(args.build).resolve() / "bin" / "pebble")
    report = results.Results(args)
    rows = {}
    print("| model | compile, s | peak, MB | ONNX file, MB | package, MB | code, KB |")
    print("|---|---|---|---|---|---|")
    for model in models.table():
        if args.filter not in model.name or model.expect != "pass":
            continue
        with tempfile.TemporaryDirectory(prefix="compile") as scratch:
            file = model.find(scratch)
            if file is None:
                report.skip(model.name, f"no data ({model.model})")
                continue
            package = pathlib.Path(scratch) / "model.pbl"
            seconds, peak, code = measured([binary, "compile", file, "--target", "x86", "-o",
                                            package, *model.bindings])
            if code:
                report.add(model.name, False, f"exit {code}")
                continue
            row = {"seconds": round(seconds, 2), "peak_bytes": peak,
                   "model_bytes": file.stat().st_size, "package_bytes": package.stat().st_size,
                   "code_bytes": code_bytes(binary, package)}
            rows[model.name] = row
            print(f"| {model.name} | {seconds:.1f} | {peak / 1e6:.0f} "
                  f"| {row['model_bytes'] / 1e6:.1f} | {row['package_bytes'] / 1e6:.1f} "
                  f"| {row['code_bytes'] / 1e3:.0f} |", flush=True)
            most_seconds, most_bytes = HEAVY_LIMIT if model.heavy else LIMIT
            report.add(model.name, seconds <= most_seconds and peak <= most_bytes,
                       f"over the limit of {most_seconds} s and {most_bytes / 1e9} GB")
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
