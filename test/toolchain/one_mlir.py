#!/usr/bin/env python3
"""Proves that no second copy of MLIR or LLVM is linked into what the build makes.

A second copy has its own TypeIDs, so that an op of one is unknown to the other: plugins then fail
in ways that no message explains. Every strong symbol of the namespaces mlir and llvm that the
shared libraries define must therefore be undefined in our binaries.
"""
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from support import results  # noqa: E402

BINARIES = ["lib/libPebbleCompiler.so", "bin/pebble", "bin/pebble-opt"]
LIBRARIES = ["libMLIR.so", "libLLVM.so"]
# Functions, data and virtual tables of namespace mlir or llvm. Inline functions and template
# instances are weak and may be in every binary.
NAME = re.compile(r"_Z(TV|TI|TS|NK?)N?(4mlir|4llvm)")
STRONG = set("TtDdBbRr")


def strong_symbols(path, *options):
    out = subprocess.run(["nm", "--defined-only", "--format=posix", *options, str(path)],
                         capture_output=True, text=True, check=True).stdout
    symbols = set()
    for line in out.splitlines():
        name, kind = line.split()[:2]
        name = name.split("@")[0]
        if kind in STRONG and NAME.match(name):
            symbols.add(name)
    return symbols


def main():
    args = results.parser(__doc__).parse_args()
    lib_dir = pathlib.Path(subprocess.run(["llvm-config-22", "--libdir"], capture_output=True,
                                          text=True, check=True).stdout.strip())
    shared = set().union(*(strong_symbols(lib_dir / lib, "-D") for lib in LIBRARIES))
    if not shared:
        sys.exit(f"no symbols of MLIR found in {lib_dir}: this test would prove nothing")
    report = results.Results(args)
    for binary in BINARIES:
        copies = sorted(strong_symbols(pathlib.Path(args.build) / binary) & shared)
        shown = "".join(f"\n    {name}" for name in copies[:10])
        report.add(binary, not copies, f"defines {len(copies)} symbols of its own MLIR:{shown}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
