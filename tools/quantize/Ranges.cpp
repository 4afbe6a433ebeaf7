// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tools/quantize/Ranges.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace pebble::quantize;

namespace {

/// Fractions of a bound that are tried.
constexpr int kSteps = 100;
constexpr double kSmallestFraction = 0.1;

/// The expected square of the difference that the codes make.
double squaredError(const std::vector<Histogram::Bin> &bins, const Code &code) {
  double error = 0, scale = code.scale, inverse = 1 / scale;
  double least = -code.zeroPoint, most = code.most() - code.zeroPoint;
  for (const Histogram::Bin &bin : bins) {
    double step = std::clamp(std::nearbyint(bin.center * inverse), least, most);
    double difference = bin.center - step * scale;
    error += bin.count * difference * difference;
  }
  return error;
}

Code percentile(const Histogram &histogram, int bits, double share) {
  double cut = static_cast<double>(histogram.count()) * (1 - share / 100) / 2;
  double low = 0, high = 0, below = 0, above = 0;
  std::vector<Histogram::Bin> bins = histogram.bins();
  // Zeros lie between the ends, so they need not be counted on the way from an end.
  for (auto bin = bins.begin(); bin != bins.end() && bin->center < 0; ++bin)
    if ((below += bin->count) > cut) {
      low = bin->center;
      break;
    }
  for (auto bin = bins.rbegin(); bin != bins.rend() && bin->center > 0; ++bin)
    if ((above += bin->count) > cut) {
      high = bin->center;
      break;
    }
  return codeFor(std::max(low, histogram.min()), std::min(high, histogram.max()), bits);
}

/// Moves one bound at a time to where the error is least, until nothing moves.
Code leastSquares(const Histogram &histogram, int bits) {
  std::vector<Histogram::Bin> bins = histogram.bins();
  double bounds[] = {histogram.min(), histogram.max()};
  const double outer[] = {bounds[0], bounds[1]};
  double best = squaredError(bins, codeFor(bounds[0], bounds[1], bits));
  constexpr int kRounds = 4;
  for (int round = 0; round < kRounds; ++round) {
    bool isMoved = false;
    for (int side : {1, 0}) {
      if (outer[side] == 0)
        continue;
      double chosen = bounds[side];
      for (int step = 0; step < kSteps; ++step) {
        double fraction = 1 - (1 - kSmallestFraction) * step / kSteps;
        bounds[side] = outer[side] * fraction;
        double error = squaredError(bins, codeFor(bounds[0], bounds[1], bits));
        if (error < best) {
          best = error;
          chosen = bounds[side];
          isMoved = true;
        }
      }
      bounds[side] = chosen;
    }
    if (!isMoved)
      break;
  }
  return codeFor(bounds[0], bounds[1], bits);
}

/// The divergence of the first `kept` magnitudes, those beyond counted at the end, from what
/// `levels` steps can tell of them.
double divergence(const std::vector<double> &counts, size_t kept, size_t levels) {
  std::vector<double> clipped(counts.begin(), counts.begin() + static_cast<ptrdiff_t>(kept));
  for (size_t i = kept; i < counts.size(); ++i)
    clipped.back() += counts[i];
  std::vector<double> coarse(kept, 0);
  for (size_t level = 0; level < levels; ++level) {
    size_t begin = level * kept / levels, end = (level + 1) * kept / levels;
    double sum = 0, places = 0;
    for (size_t i = begin; i < end; ++i) {
      sum += counts[i];
      places += counts[i] > 0;
    }
    for (size_t i = begin; i < end; ++i)
      coarse[i] = counts[i] > 0 ? sum / places : 0;
  }
  double total = 0, coarseTotal = 0, result = 0;
  for (size_t i = 0; i < kept; ++i) {
    total += clipped[i];
    coarseTotal += coarse[i];
  }
  if (coarseTotal == 0)
    return std::numeric_limits<double>::infinity();
  // A place that the coarse picture has lost counts as a tiny share, not as an infinite surprise.
  constexpr double kTiny = 1e-4;
  for (size_t i = 0; i < kept; ++i)
    if (clipped[i] > 0) {
      double p = clipped[i] / total, q = std::max(coarse[i] / coarseTotal, kTiny / total);
      result += p * std::log(p / q);
    }
  return result;
}

/// The threshold of magnitudes at which least information is lost.
Code leastDivergence(const Histogram &histogram, int bits) {
  constexpr size_t kMagnitudes = 2048;
  double magnitude = std::max(-histogram.min(), histogram.max());
  std::vector<double> counts(kMagnitudes, 0);
  for (const Histogram::Bin &bin : histogram.bins()) {
    auto index = static_cast<size_t>(std::abs(bin.center) / magnitude * kMagnitudes);
    counts[std::min(index, kMagnitudes - 1)] += bin.count;
  }
  // Both signs share the codes where there are both.
  size_t levels = size_t(1) << (histogram.min() < 0 ? bits - 1 : bits);
  double best = std::numeric_limits<double>::infinity(), threshold = magnitude;
  for (size_t kept = std::max<size_t>(levels, kMagnitudes / 16); kept <= kMagnitudes; kept += 8) {
    double loss = divergence(counts, kept, levels);
    if (loss < best) {
      best = loss;
      threshold = magnitude * static_cast<double>(kept) / kMagnitudes;
    }
  }
  return codeFor(std::max(histogram.min(), -threshold), std::min(histogram.max(), threshold), bits);
}

} // namespace

Code pebble::quantize::codeFor(double low, double high, int bits) {
  Code code;
  code.bits = bits;
  low = std::min(low, 0.0);
  high = std::max(high, 0.0);
  // The smallest normal scale: a tensor of zeros needs some scale, too.
  constexpr double kSmallest = std::numeric_limits<float>::min();
  double scale = std::max((high - low) / code.most(), kSmallest);
  code.scale = static_cast<float>(scale);
  code.zeroPoint = static_cast<int>(
      std::clamp(std::nearbyint(-low / scale), 0.0, static_cast<double>(code.most())));
  return code;
}

Code pebble::quantize::chooseCode(const Histogram &histogram, int bits,
                                  const RangeOptions &options) {
  if (histogram.min() == histogram.max())
    return codeFor(0, 1, bits);
  switch (options.method) {
  case Method::MinMax:
    break;
  case Method::Percentile:
    return percentile(histogram, bits, options.percentile);
  case Method::Mse:
    return leastSquares(histogram, bits);
  case Method::Kl:
    return leastDivergence(histogram, bits);
  }
  return codeFor(histogram.min(), histogram.max(), bits);
}
