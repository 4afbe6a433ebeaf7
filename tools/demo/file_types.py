#!/usr/bin/env python3
"""Names the type of files with magika's trained model, compiled by Pebble.

Compiles the model that the package `magika` carries, runs it on each file through `pebble run`, and
prints what it says beside what ONNX Runtime says of the same input.
"""
import argparse
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import time

import numpy as np
import onnxruntime

# magika's own reading: the first and the last bytes of a block at either end, without white space.
BLOCK = 4096
ENDS = 1024
PADDING = 256


def features(path):
    content = path.read_bytes()
    first = list(content[:BLOCK].lstrip()[:ENDS])
    last = list(content[-BLOCK:].rstrip()[-ENDS:])
    first += [PADDING] * (ENDS - len(first))
    last = [PADDING] * (ENDS - len(last)) + last
    return np.array([first + last], np.int32)


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))} exited {done.returncode}\n"
                 f"{done.stdout}{done.stderr}")


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--pebble", default="build/bin/pebble", help="the command line tool")
    p.add_argument("files", nargs="+", type=pathlib.Path)
    args = p.parse_args()

    package = pathlib.Path(importlib.util.find_spec("magika").origin).parent
    model_dir = next((package / "models").iterdir())
    model = model_dir / "model.onnx"
    labels = json.loads((model_dir / "config.min.json").read_text())["target_labels_space"]
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    with tempfile.TemporaryDirectory() as tmp:
        tmp = pathlib.Path(tmp)
        start = time.monotonic()
        run([args.pebble, "compile", model, "--target", "x86", "-o", tmp / "magika.pbl"])
        print(f"compiled {package.name}'s {model.name} ({model.stat().st_size / 1e6:.1f} MB) for "
              f"this CPU in {time.monotonic() - start:.1f} s\n")
        width = max(len(str(path)) for path in args.files)
        agree = True
        for path in args.files:
            inputs = features(path)
            np.save(tmp / "in.npy", inputs)
            run([args.pebble, "run", tmp / "magika.pbl", "--input", f"{name}={tmp / 'in.npy'}",
                 "--output-dir", tmp / "out"])
            ours = np.load(tmp / "out" / "output_0.npy")[0]
            theirs = session.run(None, {name: inputs})[0][0]
            agree &= bool(np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max())
            best, peer = int(ours.argmax()), int(theirs.argmax())
            print(f"{str(path):{width}}  {labels[best]} {ours[best]:.2f}  "
                  f"(ONNX Runtime: {labels[peer]} {theirs[peer]:.2f})")
    if not agree:
        sys.exit("error: the two differ by more than 1e-4 of the largest score")


if __name__ == "__main__":
    main()
