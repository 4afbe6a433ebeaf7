// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Histogram.h"

#include <algorithm>
#include <cmath>

using namespace pebble::quantize;

void Histogram::widen(double magnitude) {
  int exponent;
  std::frexp(magnitude, &exponent);
  double wanted = std::ldexp(1.0, exponent);
  if (counts.empty()) {
    counts.assign(kBins, 0);
    reach = wanted;
  }
  while (reach < wanted) {
    std::vector<uint64_t> joined(kBins, 0);
    for (size_t i = 0; i < kBins; ++i)
      joined[kBins / 4 + i / 2] += counts[i];
    counts = std::move(joined);
    reach *= 2;
  }
}

bool Histogram::add(const float *values, size_t count) {
  float low = 0, high = 0;
  bool isFinite = true;
  for (size_t i = 0; i < count; ++i) {
    isFinite &= std::isfinite(values[i]);
    low = std::min(low, values[i]);
    high = std::max(high, values[i]);
  }
  if (!isFinite)
    return false;
  least = std::min<double>(least, low);
  greatest = std::max<double>(greatest, high);
  total += count;
  if (low == 0 && high == 0) {
    exactZeros += count;
    return true;
  }
  widen(std::max<double>(-low, high));
  double scale = kBins / 2 / reach;
  for (size_t i = 0; i < count; ++i) {
    if (values[i] == 0) {
      ++exactZeros;
      continue;
    }
    auto index = static_cast<int64_t>(std::floor(values[i] * scale)) + int64_t(kBins / 2);
    ++counts[static_cast<size_t>(std::clamp<int64_t>(index, 0, kBins - 1))];
  }
  return true;
}

std::vector<Histogram::Bin> Histogram::bins() const {
  std::vector<Bin> result;
  double width = 2 * reach / kBins;
  for (size_t i = 0; i < counts.size(); ++i)
    if (counts[i])
      result.push_back(
          {-reach + (static_cast<double>(i) + 0.5) * width, static_cast<double>(counts[i])});
  return result;
}
