// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/WindowTaps.h"

using namespace mlir;
using namespace pebble;

bool WindowTaps::hangsOver() const {
  return llvm::any_of(dims, [](const auto &sets) {
    return llvm::any_of(sets, [](const llvm::SmallBitVector &taps) { return !taps.all(); });
  });
}

std::optional<WindowTaps> WindowTaps::of(RankedTensorType input, RankedTensorType result,
                                         ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                                         ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads,
                                         nn::AutoPad autoPad, bool ceilMode) {
  // Without padding every window lies inside, whatever the sizes are.
  bool isInside = autoPad == nn::AutoPad::explicit_pads && !ceilMode &&
                  llvm::all_of(pads, [](int64_t pad) { return pad == 0; });
  WindowTaps window;
  for (auto [dim, taps] : llvm::enumerate(kernel)) {
    auto &sets = window.dims.emplace_back();
    if (isInside) {
      sets.emplace_back(taps, true);
      continue;
    }
    int64_t size = input.getDimSize(dim + 2), places = result.getDimSize(dim + 2);
    if (ShapedType::isDynamic(size) || ShapedType::isDynamic(places))
      return std::nullopt;
    int64_t before = pads[dim];
    if (autoPad != nn::AutoPad::explicit_pads) {
      int64_t covered = (places - 1) * strides[dim] + (taps - 1) * dilations[dim] + 1;
      int64_t total = std::max<int64_t>(covered - size, 0);
      before = autoPad == nn::AutoPad::same_upper ? total / 2 : total - total / 2;
    }
    for (int64_t place = 0; place < places; ++place) {
      llvm::SmallBitVector inside(taps);
      for (int64_t tap = 0; tap < taps; ++tap) {
        int64_t at = place * strides[dim] + tap * dilations[dim] - before;
        inside[tap] = at >= 0 && at < size;
      }
      if (!llvm::is_contained(sets, inside))
        sets.push_back(std::move(inside));
    }
  }
  return window;
}
