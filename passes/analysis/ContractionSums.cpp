// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/ContractionSums.h"

using namespace mlir;
using namespace pebble;

namespace {

using TapSets = std::vector<llvm::SmallBitVector>;

/// More sets of taps than this are not told apart.
constexpr size_t mostSets = 256;

/// The sets of taps that read the input, over all places and dims; empty where they are not known.
TapSets readingTaps(const std::optional<WindowTaps> &window) {
  if (!window)
    return {};
  TapSets all = {llvm::SmallBitVector(1, true)};
  for (const auto &sets : window->dims) {
    TapSets longer;
    for (const llvm::SmallBitVector &outer : all)
      for (const llvm::SmallBitVector &inner : sets) {
        llvm::SmallBitVector taps(outer.size() * inner.size());
        for (unsigned i : outer.set_bits())
          for (unsigned j : inner.set_bits())
            taps.set(i * inner.size() + j);
        longer.push_back(std::move(taps));
      }
    all = std::move(longer);
    if (all.size() > mostSets)
      return {};
  }
  return all;
}

/// What each tap adds to the sum of `output` at least and at most.
std::vector<Interval> termsOf(const ContractionParameters &c, int64_t output,
                              const ChannelRanges &inputs) {
  std::vector<Interval> terms(c.taps, Interval{0, 0});
  int64_t first = output / c.groupOutputs() * c.groupInputs, zero = c.x.zeroPoint();
  for (int64_t channel = 0; channel < c.groupInputs; ++channel) {
    Interval codes = inputs.at(first + channel);
    for (auto [term, weight] : llvm::zip_equal(terms, c.weightsOf(output, channel))) {
      int64_t a = weight * (codes.low - zero), b = weight * (codes.high - zero);
      term.low += std::min(a, b);
      term.high += std::max(a, b);
    }
  }
  return terms;
}

Interval sumOf(const ContractionParameters &c, int64_t output, const ChannelRanges &inputs,
               const TapSets &sets) {
  std::vector<Interval> terms = termsOf(c, output, inputs);
  int64_t bias = c.biases[output];
  Interval all{bias, bias};
  if (sets.empty()) {
    // Any tap may lie outside by itself.
    for (Interval term : terms) {
      all.low += std::min<int64_t>(term.low, 0);
      all.high += std::max<int64_t>(term.high, 0);
    }
    return all;
  }
  for (auto [index, taps] : llvm::enumerate(sets)) {
    Interval sum{bias, bias};
    for (unsigned tap : taps.set_bits()) {
      sum.low += terms[tap].low;
      sum.high += terms[tap].high;
    }
    all = index ? all.joined(sum) : sum;
  }
  return all;
}

} // namespace

SmallVector<Interval> pebble::contractionSums(const ContractionParameters &contraction,
                                              const ChannelRanges &inputs) {
  TapSets sets = readingTaps(contraction.window);
  SmallVector<Interval> sums;
  for (int64_t output = 0; output < contraction.outputs; ++output)
    sums.push_back(sumOf(contraction, output, inputs, sets));
  return sums;
}
