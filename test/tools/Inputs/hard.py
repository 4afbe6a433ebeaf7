# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Prints a rectangle cut into 300 pieces: buffers that fit its height exactly."""
import random

random.seed(1)
pieces = [(0, 1 << 20, 0, 1 << 20)]
while len(pieces) < 300:
    left, right, bottom, top = pieces.pop(random.randrange(len(pieces)))
    if right - left > 2048 and random.random() < 0.5:
        cut = random.randrange(left + 1024, right, 1024)
        pieces += [(left, cut, bottom, top), (cut, right, bottom, top)]
    elif top - bottom > 2048:
        cut = random.randrange(bottom + 1024, top, 1024)
        pieces += [(left, right, bottom, cut), (left, right, cut, top)]
    else:
        pieces.append((left, right, bottom, top))
random.shuffle(pieces)
print("id,lower,upper,size")
for index, (left, right, bottom, top) in enumerate(pieces):
    print(f"{index},{left},{right},{top - bottom}")
