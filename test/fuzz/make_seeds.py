#!/usr/bin/env python3
"""Writes the seeds of the fuzz targets to DIR/onnx and DIR/package.

The ONNX seeds are the official node tests' models and the hostile models of the end-to-end tests;
the package seeds are a few of them compiled.

  build-fuzz/bin/fuzz-onnx -max_len=65536 -rss_limit_mb=2048 -timeout=10 CORPUS DIR/onnx
"""
import argparse
import pathlib
import sys
import tempfile

import onnx.backend.test

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))
from e2e import hostile_cases  # noqa: E402
from support import pebble  # noqa: E402

NODE_TESTS = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "node"
PACKAGES = ["test_add", "test_basic_conv_with_padding", "test_shape", "test_lstm_defaults",
            "test_if", "test_loop11"]
# Seeds beyond this slow the mutations down.
LARGEST = 65536


def write_onnx(folder):
    folder.mkdir(parents=True)
    for path in sorted(NODE_TESTS.glob("*/model.onnx")):
        if path.stat().st_size <= LARGEST:
            (folder / f"{path.parent.name}.onnx").write_bytes(path.read_bytes())
    with tempfile.TemporaryDirectory(prefix="seeds") as scratch:
        for i, case in enumerate(hostile_cases.cases()):
            path = pathlib.Path(scratch) / str(i) / "model.onnx"
            path.parent.mkdir()
            case.write(path)
            if path.is_file() and path.stat().st_size <= LARGEST:
                (folder / f"hostile_{i}.onnx").write_bytes(path.read_bytes())


def write_packages(folder, build):
    folder.mkdir(parents=True)
    tool = pebble.Pebble(build)
    for name in PACKAGES:
        outcome = tool.compile(NODE_TESTS / name / "model.onnx", folder / f"{name}.pbl")
        if not outcome.ok:
            sys.exit(f"error: cannot compile the seed {name}: {outcome.message}")


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default="build", help="a build that has bin/pebble")
    p.add_argument("folder", type=pathlib.Path)
    args = p.parse_args()
    write_onnx(args.folder / "onnx")
    write_packages(args.folder / "package", args.build)


if __name__ == "__main__":
    main()
