// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fourier transforms, windows, mel filters and the determinant.
#include "frontends/onnx/Compose.h"
#include "frontends/onnx/Registry.h"
#include "frontends/onnx/TensorData.h"

#include <array>
#include <cmath>

using namespace mlir;

namespace pebble::onnx {
namespace {

LogicalResult importDft(NodeImporter &node, Value axis) {
  node.setOutput(0, node.create<nn::DFTOp>(node.input(0), asScalar(node, node.input(1)), axis,
                                           node.intAttr("inverse", 0) != 0,
                                           node.intAttr("onesided", 0) != 0));
  return success();
}

LogicalResult importDftAttribute(NodeImporter &node) {
  return importDft(node, node.intScalar(node.intAttr("axis", 1)));
}

LogicalResult importDftInput(NodeImporter &node) {
  return importDft(node, node.hasInput(2) ? asScalar(node, node.input(2)) : node.intScalar(-2));
}

LogicalResult importStft(NodeImporter &node) {
  node.setOutput(0, node.create<nn::STFTOp>(node.input(0), asScalar(node, node.input(1)),
                                            node.input(2), asScalar(node, node.input(3)),
                                            node.intAttr("onesided", 1) != 0));
  return success();
}

LogicalResult importDet(NodeImporter &node) {
  node.setOutput(0, node.create<nn::DetOp>(node.input(0)));
  return success();
}

/// The type that attribute `output_datatype` names; null, and reported, when Pebble lacks it.
Type outputType(NodeImporter &node) {
  int64_t number = node.intAttr("output_datatype", 1);
  Type type = elementTypeOf(static_cast<int>(number), node.builder().getContext());
  if (!type)
    (void)node.unsupported("output_datatype " + Twine(number));
  return type;
}

/// a0 - a1 * cos(x) + a2 * cos(2 x) over one period.
LogicalResult importCosineWindow(NodeImporter &node, const std::array<double, 3> &a) {
  Type type = outputType(node);
  if (!type)
    return failure();
  Type f32 = node.builder().getF32Type();
  auto number = [&](double value) { return node.scalar(f32, value); };
  Value size = node.cast(asScalar(node, node.input(0)), f32);
  bool periodic = node.intAttr("periodic", 1) != 0;
  Value period = periodic ? size : node.sub(size, number(1));
  Value increment = node.div(number(static_cast<float>(2 * M_PI)), period);
  Value steps = node.create<nn::RangeOp>(number(0), size, number(1));
  Value angle = node.mul(steps, increment);
  Value result = node.sub(number(a[0]), node.mul(number(a[1]), node.create<nn::CosOp>(angle)));
  if (a[2] != 0) {
    Value doubled = node.create<nn::CosOp>(node.mul(angle, number(2)));
    result = node.add(result, node.mul(number(a[2]), doubled));
  }
  node.setOutput(0, node.cast(result, type));
  return success();
}

LogicalResult importBlackmanWindow(NodeImporter &node) {
  return importCosineWindow(node, {0.42f, 0.5, 0.08f});
}

LogicalResult importHammingWindow(NodeImporter &node) {
  return importCosineWindow(node, {25.0f / 46.0f, 21.0f / 46.0f, 0});
}

LogicalResult importHannWindow(NodeImporter &node) {
  return importCosineWindow(node, {0.5, 0.5, 0});
}

/// The edges of the triangular filters, num_mel_bins + 2 spectrogram bins spaced evenly in mel.
/// A bin is a rounded-down f64: f32 would round some of them to their neighbours.
Value melEdges(NodeImporter &node) {
  Type f64 = node.builder().getF64Type();
  auto number = [&](double value) { return node.scalar(f64, value); };
  auto operand = [&](unsigned index) { return node.cast(asScalar(node, node.input(index)), f64); };
  Value count = node.add(operand(0), number(2));
  auto toMel = [&](Value hertz) {
    Value ratio = node.add(number(1), node.div(hertz, number(700)));
    return node.mul(number(2595 / std::log(10.0)), node.create<nn::LogOp>(ratio));
  };
  Value low = toMel(operand(3)), high = toMel(operand(4));
  Value step = node.div(node.sub(high, low), count);
  Value index = node.create<nn::RangeOp>(number(0), count, number(1));
  Value mel = node.add(node.mul(index, step), low);
  Value power = node.create<nn::PowOp>(number(10), node.div(mel, number(2595)));
  Value hertz = node.mul(number(700), node.sub(power, number(1)));
  Value scaled = node.mul(node.add(operand(1), number(1)), hertz);
  return node.create<nn::FloorOp>(node.div(scaled, operand(2)));
}

LogicalResult importMelWeightMatrix(NodeImporter &node) {
  Type type = outputType(node);
  if (!type)
    return failure();
  Type f64 = node.builder().getF64Type();
  Value zero = node.scalar(f64, 0), one = node.scalar(f64, 1);
  Value edges = melEdges(node);
  Value bins = node.div(node.cast(asScalar(node, node.input(1)), node.builder().getI64Type()),
                        node.intScalar(2));
  Value row = iota(node, node.add(bins, node.intScalar(1)));
  row = node.unsqueeze(node.cast(row, f64), {1});
  Value left = node.slice(edges, 0, 0, -2), center = node.slice(edges, 0, 1, -1);
  Value right = node.slice(edges, 0, 2, INT64_MAX);

  using nn::ComparePredicate;
  auto is = [&](Value a, ComparePredicate predicate, Value b) {
    return compare(node, predicate, a, b);
  };
  Value rise = node.sub(center, left), fall = node.sub(right, center);
  Value onRise =
      logicalAnd(node, is(row, ComparePredicate::ge, left), is(row, ComparePredicate::le, center));
  Value rising = select(node, onRise, node.div(node.sub(row, left), rise), zero);
  Value peak = select(node, is(row, ComparePredicate::eq, center), one, zero);
  Value upper = select(node, is(rise, ComparePredicate::eq, zero), peak, rising);
  Value onFall =
      logicalAnd(node, is(row, ComparePredicate::ge, center), is(row, ComparePredicate::lt, right));
  Value weights = select(node, onFall, node.div(node.sub(right, row), fall), upper);
  node.setOutput(0, node.cast(weights, type));
  return success();
}

} // namespace

void addSignalOps(std::vector<OpEntry> &rows) {
  rows.insert(rows.end(), {
                              {"", "BlackmanWindow", 17, importBlackmanWindow},
                              {"", "DFT", 17, importDftAttribute},
                              {"", "DFT", 20, importDftInput},
                              {"", "Det", 11, importDet},
                              {"", "HammingWindow", 17, importHammingWindow},
                              {"", "HannWindow", 17, importHannWindow},
                              {"", "MelWeightMatrix", 17, importMelWeightMatrix},
                              {"", "STFT", 17, importStft},
                          });
}

} // namespace pebble::onnx
