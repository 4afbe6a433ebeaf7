// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the values of a tensor are distributed, in memory that does not grow with their number.
#ifndef PEBBLE_TOOLS_QUANTIZE_HISTOGRAM_H
#define PEBBLE_TOOLS_QUANTIZE_HISTOGRAM_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pebble::quantize {

class Histogram {
public:
  /// Takes values in; false when one is not finite.
  bool add(const float *values, size_t count);

  double min() const { return least; }
  double max() const { return greatest; }
  uint64_t count() const { return total; }
  /// Values that are exactly zero, which Relu makes many of. They are in no bin.
  uint64_t zeros() const { return exactZeros; }

  struct Bin {
    double center;
    double count;
  };
  /// The bins that are not empty, by their centers.
  std::vector<Bin> bins() const;

private:
  void widen(double magnitude);

  /// Bins over [-reach, reach]. The reach is a power of two, so that bins can be joined exactly
  /// when a larger value comes.
  static constexpr size_t kBins = 8192;
  std::vector<uint64_t> counts;
  double reach = 0;
  double least = 0, greatest = 0; ///< Always with zero between them.
  uint64_t total = 0, exactZeros = 0;
};

} // namespace pebble::quantize

#endif // PEBBLE_TOOLS_QUANTIZE_HISTOGRAM_H
