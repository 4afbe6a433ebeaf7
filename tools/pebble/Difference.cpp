// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Difference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace pebble::cli;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Element by element the code or number that is stored, what it stands for, and the step there.
class Reader {
public:
  explicit Reader(const Values &values) : array(values.array), quantization(values.quantization) {
    const auto rank = static_cast<int64_t>(array.dims.size());
    const int64_t axis = quantization.axis + (quantization.axis < 0 ? rank : 0);
    for (int64_t later = axis + 1; later < rank; ++later)
      inner *= array.dims[static_cast<size_t>(later)];
  }
  bool isQuantized() const { return !quantization.empty(); }
  double stored(int64_t index) const { return array.value(index); }
  double step(int64_t index) const { return isQuantized() ? quantization.scales[entry(index)] : 1; }
  double number(int64_t index) const {
    return isQuantized() ? step(index) * (stored(index) - quantization.zeroPoints[entry(index)])
                         : stored(index);
  }

private:
  size_t entry(int64_t index) const {
    return static_cast<size_t>(index / std::max<int64_t>(inner, 1)) % quantization.scales.size();
  }
  const Array &array;
  const Quantization &quantization;
  int64_t inner = 1;
};

/// The distance of two numbers: 0 for NaN and NaN, infinite for NaN and a number.
double distance(double a, double b) {
  if (a == b || (std::isnan(a) && std::isnan(b)))
    return 0;
  double difference = std::abs(a - b);
  return std::isnan(difference) ? kInfinity : difference;
}

bool isSame(const Array &a, const Array &b, int64_t index) {
  const uint32_t bytes = a.type().bytes;
  return std::memcmp(&a.data[index * bytes], &b.data[index * bytes], bytes) == 0;
}

double decibels(double signal, double noise) {
  return noise == 0 ? kInfinity : 10 * std::log10(signal / noise);
}

} // namespace

Difference pebble::cli::measureDifference(const Values &ours, const Values &other,
                                          const DifferenceLimits &limits) {
  Difference result;
  const bool isFloat = isFloatType(ours.array.dtype), isOtherFloat = isFloatType(other.array.dtype);
  const bool areCodes =
      !isFloat && ours.array.dtype == other.array.dtype && ours.quantization == other.quantization;
  const bool areNumbers =
      (isFloat || !ours.quantization.empty()) && (isOtherFloat || !other.quantization.empty());
  if (ours.array.dims != other.array.dims || (!areCodes && !areNumbers)) {
    result.problem = "is " + typeText(ours.array.dtype, ours.array.dims) + ", the other " +
                     typeText(other.array.dtype, other.array.dims);
    return result;
  }
  const Reader a(ours), b(other);
  result.elements = ours.array.elements();
  if (a.isQuantized() || b.isQuantized())
    result.largestCodes = 0;
  double signal = 0, noise = 0, largestOther = 0;
  for (int64_t index = 0; index < result.elements; ++index) {
    const double theirs = b.number(index);
    if (std::isfinite(theirs)) {
      signal += theirs * theirs;
      largestOther = std::max(largestOther, std::abs(theirs));
    }
    if (areCodes && isSame(ours.array, other.array, index))
      continue;
    const double apart = distance(a.number(index), theirs);
    if (apart == 0 && !areCodes)
      continue;
    ++result.differing;
    result.largest = std::max(result.largest, apart);
    noise += std::isfinite(apart) ? apart * apart : 0;
    if (!result.largestCodes)
      continue;
    // The difference of codes is exact; that of numbers is rounded.
    const double steps = areCodes ? std::abs(a.stored(index) - b.stored(index))
                                  : apart / (a.isQuantized() ? a : b).step(index);
    result.largestCodes = std::max(*result.largestCodes, steps);
  }
  result.signalToNoise = std::isinf(result.largest) ? -kInfinity : decibels(signal, noise);
  result.isWithin = !areCodes ? result.largest <= limits.absolute + limits.relative * largestOther
                    : result.largestCodes ? *result.largestCodes <= limits.codes
                                          : result.differing == 0;
  return result;
}
