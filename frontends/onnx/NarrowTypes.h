// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element types that the nn dialect lacks: floats of 8 and 4 bits, integers of 4 and 2. In nn their
// tensors are tensors of codes, ui8, or i8 for signed integers, whose operators are composed here;
// which type codes are of stands beside the value, in its binding. An operator that does not say
// here that it takes such codes is refused them.
#ifndef PEBBLE_FRONTENDS_ONNX_NARROWTYPES_H
#define PEBBLE_FRONTENDS_ONNX_NARROWTYPES_H

#include "frontends/onnx/NodeImporter.h"

namespace pebble::onnx {

/// How numbers become codes of 8-bit floats: attributes of Cast, CastLike and QuantizeLinear.
struct NarrowRounding {
  bool saturate = true;
  enum Mode { Up, Down, Nearest } mode = Up; ///< Of float8e8m0 alone; the others round to nearest.
};

/// Whether an ONNX data type has codes of which `toCodes` makes floats.
bool isNarrowFloat(int dataType);
/// float8e8m0: powers of two, of which no quantization has codes.
bool isE8M0(int dataType);

/// The codes of numbers of any element type.
mlir::Value toCodes(NodeImporter &node, mlir::Value numbers, int dataType, NarrowRounding rounding);
/// The numbers of codes, in `element`; exact, if that holds them.
mlir::Value fromCodes(NodeImporter &node, mlir::Value codes, int dataType, mlir::Type element);
/// Codes whose bits beyond the type's are as nn's arithmetic needs them: see `elementByte` in
/// runtime/support/DType.h. Of other types than narrow ones: `codes`.
mlir::Value wrapCodes(NodeImporter &node, mlir::Value codes, int dataType);

/// Input `index` in `element`, whether it is of a narrow type or not; null when it is absent.
mlir::Value numbersOf(NodeImporter &node, unsigned index, mlir::Type element);

/// Reports inputs of narrow types that the operator does not take.
llvm::LogicalResult checkNarrowInputs(NodeImporter &node);
/// The narrow type of result `index` of an operator that moves elements without looking at them;
/// else 0.
int movedType(NodeImporter &node, unsigned index);

} // namespace pebble::onnx

#endif // PEBBLE_FRONTENDS_ONNX_NARROWTYPES_H
