#!/usr/bin/env python3
"""Runs the fuzz targets over their seeds and over what fuzzing has found (test/fuzz/found)."""
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from fuzz import make_seeds  # noqa: E402
from support import results  # noqa: E402

FOUND = pathlib.Path(__file__).parent / "found"


def main():
    args = results.parser(__doc__).parse_args()
    report = results.Results(args)
    binaries = pathlib.Path(args.build) / "bin"
    with tempfile.TemporaryDirectory(prefix="seeds") as scratch:
        seeds = pathlib.Path(scratch)
        make_seeds.write_onnx(seeds / "onnx")
        make_seeds.write_packages(seeds / "package", args.build)
        for kind in ("onnx", "package"):
            files = sorted((seeds / kind).iterdir()) + sorted(FOUND.glob(f"{kind}/*"))
            done = subprocess.run([binaries / f"fuzz-{kind}", *files], capture_output=True,
                                  text=True, errors="replace")
            ran = done.stdout.split()
            for path in ran[:-1] if done.returncode else ran:
                report.add(path, True)
            if done.returncode:
                report.add(ran[-1] if ran else kind, False,
                           f"exit {done.returncode}: {done.stderr.strip()[-500:]}")
    return report.finish()


if __name__ == "__main__":
    sys.exit(main())
