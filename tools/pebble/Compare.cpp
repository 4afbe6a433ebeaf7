// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/pebble/Compare.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <limits>

using namespace pebble::cli;

/// How far outside its tolerance an element is: at most 1 is a match.
static double excess(double actual, double expected, double allowed) {
  if (actual == expected || (std::isnan(actual) && std::isnan(expected)))
    return 0;
  double difference = std::abs(actual - expected);
  if (!std::isfinite(difference) || allowed == 0)
    return std::numeric_limits<double>::infinity();
  return difference / allowed;
}

static std::string position(int64_t flat, const std::vector<int64_t> &dims) {
  std::vector<int64_t> index(dims.size());
  for (size_t axis = dims.size(); axis-- > 0;) {
    index[axis] = flat % dims[axis];
    flat /= dims[axis];
  }
  return shapeText(index);
}

static std::string number(const Array &array, int64_t index) {
  char text[64];
  // 64-bit integers do not fit a double.
  if (array.dtype == PEBBLE_I64 || array.dtype == PEBBLE_U64) {
    int64_t value;
    std::memcpy(&value, &array.data[index * sizeof(value)], sizeof(value));
    return array.dtype == PEBBLE_I64 ? std::to_string(value)
                                     : std::to_string(static_cast<uint64_t>(value));
  }
  snprintf(text, sizeof(text), "%.9g", array.value(index));
  return text;
}

Comparison pebble::cli::compare(const Array &actual, const Array &expected,
                                const Tolerance &tolerance) {
  if (actual.dtype != expected.dtype || actual.dims != expected.dims)
    return {false, "MISMATCH: is " + typeText(actual.dtype, actual.dims) + ", expected " +
                       typeText(expected.dtype, expected.dims)};
  const bool approximate = isFloatType(actual.dtype);
  const uint32_t size = actual.type().bytes;
  int64_t wrong = 0, worst = -1;
  double worstExcess = 0;
  for (int64_t index = 0; index < actual.elements(); ++index) {
    if (std::memcmp(&actual.data[index * size], &expected.data[index * size], size) == 0)
      continue;
    double a = actual.value(index), e = expected.value(index);
    // Distinct bits of an integer are distinct values, even where the doubles agree.
    double outside = approximate
                         ? excess(a, e, tolerance.absolute + tolerance.relative * std::abs(e))
                         : std::numeric_limits<double>::infinity();
    wrong += outside > 1;
    if (outside > worstExcess) {
      worstExcess = outside;
      worst = index;
    }
  }
  Comparison result;
  result.equal = wrong == 0;
  if (worst < 0) {
    result.text = "equal";
    return result;
  }
  result.text = wrong == 0 ? "within tolerance"
                           : "MISMATCH: " + std::to_string(wrong) + " of " +
                                 std::to_string(actual.elements()) + " elements";
  result.text += "; worst at " + position(worst, actual.dims) + ": " + number(actual, worst) +
                 ", expected " + number(expected, worst);
  char difference[64];
  snprintf(difference, sizeof(difference), " (difference %.3g)",
           std::abs(actual.value(worst) - expected.value(worst)));
  result.text += difference;
  return result;
}
