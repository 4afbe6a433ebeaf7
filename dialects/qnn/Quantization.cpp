// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "dialects/qnn/Quantization.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;
using namespace pebble;
using namespace pebble::qnn;

int64_t Quantization::storageLow() const {
  return quant::QuantizedType::getDefaultMinimumForInteger(isSigned, bits);
}
int64_t Quantization::storageHigh() const {
  return quant::QuantizedType::getDefaultMaximumForInteger(isSigned, bits);
}

std::optional<Quantization> qnn::quantizationOf(Type type) {
  auto element = dyn_cast<quant::QuantizedType>(getElementTypeOrSelf(type));
  if (!element)
    return std::nullopt;
  Quantization result;
  result.bits = element.getStorageTypeIntegralWidth();
  result.isSigned = element.isSigned();
  result.low = element.getStorageTypeMin();
  result.high = element.getStorageTypeMax();
  if (auto uniform = dyn_cast<quant::UniformQuantizedType>(element)) {
    result.scales = {uniform.getScale()};
    result.zeroPoints = {uniform.getZeroPoint()};
    return result;
  }
  if (auto perAxis = dyn_cast<quant::UniformQuantizedPerAxisType>(element)) {
    result.scales.assign(perAxis.getScales().begin(), perAxis.getScales().end());
    result.zeroPoints.assign(perAxis.getZeroPoints().begin(), perAxis.getZeroPoints().end());
    result.axis = perAxis.getQuantizedDimension();
    return result;
  }
  return std::nullopt;
}

Type qnn::makeElementType(MLIRContext *context, const Quantization &quantization,
                          std::string &error) {
  const Quantization &q = quantization;
  for (double scale : q.scales)
    if (!(scale > 0) || !std::isfinite(scale) || static_cast<float>(scale) == 0) {
      error = llvm::formatv("has a scale of {0}; expected a finite number above 0", scale).str();
      return {};
    }
  for (int64_t zeroPoint : q.zeroPoints)
    if (zeroPoint < q.storageLow() || zeroPoint > q.storageHigh()) {
      error = llvm::formatv("has a zero point of {0}; expected one from {1} to {2}", zeroPoint,
                            q.storageLow(), q.storageHigh())
                  .str();
      return {};
    }
  if (q.scales.size() != q.zeroPoints.size()) {
    error = llvm::formatv("has {0} scales and {1} zero points; expected one zero point a scale",
                          q.scales.size(), q.zeroPoints.size())
                .str();
    return {};
  }
  unsigned flags = q.isSigned ? quant::QuantizationFlags::Signed : 0;
  Type storage = IntegerType::get(context, q.bits), real = Float32Type::get(context);
  if (q.axis)
    return quant::UniformQuantizedPerAxisType::get(flags, storage, real, q.scales, q.zeroPoints,
                                                   *q.axis, q.low, q.high);
  return quant::UniformQuantizedType::get(flags, storage, real, q.scales.front(),
                                          q.zeroPoints.front(), q.low, q.high);
}

Type qnn::containerOf(MLIRContext *context, unsigned bits, bool isSigned) {
  unsigned width = bits <= 8 ? 8 : bits <= 16 ? 16 : 32;
  return IntegerType::get(context, width, isSigned ? IntegerType::Signless : IntegerType::Unsigned);
}

Type qnn::containerOf(Type quantized) {
  auto element = cast<quant::QuantizedType>(getElementTypeOrSelf(quantized));
  return containerOf(quantized.getContext(), element.getStorageTypeIntegralWidth(),
                     element.isSigned());
}

int64_t qnn::quantizeNumber(const Quantization &quantization, float number) {
  float scaled = std::nearbyintf(number / quantization.scale());
  if (std::isnan(scaled))
    return quantization.low;
  double code = double(scaled) + double(quantization.zeroPoint());
  return static_cast<int64_t>(
      std::clamp(code, double(quantization.low), double(quantization.high)));
}

int64_t qnn::largestDistance(const Quantization &quantization) {
  int64_t largest = 0;
  for (int64_t zeroPoint : quantization.zeroPoints)
    largest = std::max({largest, quantization.high - zeroPoint, zeroPoint - quantization.low});
  return largest;
}

bool qnn::fitsAccumulator(const Quantization &input, const Quantization &weight, int64_t depth) {
  int64_t product = largestDistance(input) * largestDistance(weight), sum = 0;
  return !llvm::MulOverflow(product, depth, sum) && sum <= INT32_MAX;
}

bool qnn::sumsInWords(const Quantization &input) { return input.bits <= 8; }

bool qnn::canContract(const Quantization &input, const Quantization &weight, int64_t channelAxis,
                      int64_t depth) {
  return input.bits <= 16 && weight.bits <= 8 && !input.axis &&
         (!weight.axis || *weight.axis == channelAxis) && !ShapedType::isDynamic(depth) &&
         (!sumsInWords(input) || fitsAccumulator(input, weight, depth));
}

bool qnn::biasScaleFits(const Quantization &input, const Quantization &weight,
                        const Quantization &bias, size_t channel) {
  // Writers compute the product in f32 or f64; anything further off means something else.
  constexpr double tolerance = 1e-4;
  double expected = double(input.scale()) * double(weight.scale(channel));
  return std::abs(double(bias.scale(channel)) - expected) <= tolerance * expected;
}
