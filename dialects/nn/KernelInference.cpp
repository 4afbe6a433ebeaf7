// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of kernel ops: element types from a table, dims from the kernel library's shape functions.

#include "dialects/nn/Inference.h"
#include "dialects/nn/InferenceCall.h"
#include "runtime/kernels/shape/Shapes.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace pebble;
using pebble::nn::InferenceCall;

namespace {

/// How a result's element type follows.
enum class ElementRule : uint8_t {
  operand0,
  operand2,
  sum, ///< Integers widen to i32, or stay when they are wider.
  atLeastF32,
  signedByte, ///< i8
  sumOfBytes, ///< i32
  index,      ///< i64
  attribute,  ///< `to`
};

struct KernelRow {
  SmallVector<ElementRule, 2> results = {ElementRule::operand0};
  /// Operands that must have operand 0's element type when they are there, as bits.
  unsigned alike = 0;
};

const llvm::StringMap<KernelRow> &kernelRows() {
  using enum ElementRule;
  static const llvm::StringMap<KernelRow> rows = {
      {"bit_cast", {{attribute}}},
      {"conv_sums", {{attribute}}},
      {"pack_bytes", {{signedByte, sumOfBytes}}},
      {"pad", {{operand0}, 1 << 2}},
      {"range", {{operand0}, 1 << 1 | 1 << 2}},
      {"scatter_elements", {{operand0}, 1 << 2}},
      {"scatter_nd", {{operand0}, 1 << 2}},
      {"one_hot", {{operand2}}},
      {"eye_like", {{attribute}}},
      {"non_zero", {{index, index}}},
      {"compress", {{operand0, index}}},
      {"unique", {{operand0, index, index, index, index}}},
      {"top_k", {{operand0, index}}},
      {"non_max_suppression", {{index, index}, 1 << 1 | 1 << 3 | 1 << 4}},
      {"matmul", {{sum}}},
      {"conv", {{sum}}},
      {"conv_transpose", {{operand0}, 1 << 1 | 1 << 2}},
      {"deform_conv", {{operand0}, 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4}},
      {"max_pool_indices", {{operand0, index}}},
      {"arg_max", {{index}}},
      {"arg_min", {{index}}},
      {"layer_norm", {{operand0, atLeastF32, atLeastF32}, 1 << 1 | 1 << 2}},
      {"lstm", {{operand0, operand0, operand0}, 0xef}},
      {"gru", {{operand0, operand0}, 0x2f}},
      {"rnn", {{operand0, operand0}, 0x2f}},
      {"roi_align", {{operand0}, 1 << 1}},
      {"stft", {{operand0}, 1 << 2}},
      {"random", {{attribute}}},
  };
  return rows;
}

using ShapeFunction = int32_t (*)(InferenceCall &);

ShapeFunction findShapeFunction(StringRef mnemonic) {
  static const llvm::StringMap<ShapeFunction> functions = {
#define PEBBLE_SHAPE(mnemonic, function) {#mnemonic, shape::function<InferenceCall>},
#include "runtime/kernels/shape/Shapes.def"
#undef PEBBLE_SHAPE
  };
  return functions.lookup(mnemonic);
}

/// Products of narrow integers are summed in i32.
Type sumType(Type element) {
  auto integer = dyn_cast<IntegerType>(element);
  return integer && integer.getWidth() < 32 ? IntegerType::get(element.getContext(), 32) : element;
}

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

/// One element type that an operand pair of a contraction sums to; null when there is none.
Type commonSumType(Type a, Type b) {
  if (isa<FloatType>(a) || isa<FloatType>(b))
    return a == b ? a : Type();
  return sumType(a) == sumType(b) ? sumType(a) : Type();
}

class TypeInference {
public:
  TypeInference(const nn::OpDescription &op, ArrayRef<Value> operands, const KernelRow &row)
      : op(op), operands(operands), row(row) {}

  LogicalResult run(SmallVectorImpl<Type> &elements, std::string &error) {
    llvm::raw_string_ostream stream(error);
    for (auto [index, operand] : llvm::enumerate(operands)) {
      bool alike = op.hasVariadicOperands || (index < 32 && (row.alike >> index & 1) != 0);
      if (!operand || !alike || elementOf(operand) == elementOf(operands[0]))
        continue;
      stream << "has element types " << elementOf(operands[0]) << " and " << elementOf(operand)
             << "; expected one element type";
      return failure();
    }
    for (ElementRule rule : row.results) {
      Type element = resultElement(rule);
      if (!element) {
        describeProblem(rule, stream);
        return failure();
      }
      elements.push_back(element);
    }
    return success();
  }

private:
  void describeProblem(ElementRule rule, llvm::raw_ostream &stream) {
    auto to = op.attributes.getAs<TypeAttr>("to");
    if (rule == ElementRule::sum) {
      stream << "cannot sum products of element types ";
      llvm::interleaveComma(llvm::make_filter_range(operands, [](Value v) { return bool(v); }),
                            stream, [&](Value operand) { stream << elementOf(operand); });
    } else if (!to || nn::dtypeOf(to.getValue()) == PEBBLE_NONE) {
      stream << "needs an element type of the dialect in `to`, but has "
             << (to ? to.getValue() : Type());
    } else {
      stream << "cannot take the bits of " << elementOf(operands[0]) << " as " << to.getValue()
             << ", whose size differs";
    }
  }

  Type resultElement(ElementRule rule) {
    MLIRContext *context = op.attributes.getContext();
    switch (rule) {
    case ElementRule::operand0:
      return elementOf(operands[0]);
    case ElementRule::operand2:
      return elementOf(operands[2]);
    case ElementRule::signedByte:
      return IntegerType::get(context, 8);
    case ElementRule::sumOfBytes:
      return IntegerType::get(context, 32);
    case ElementRule::index:
      return IntegerType::get(context, 64);
    case ElementRule::atLeastF32: {
      Type element = elementOf(operands[0]);
      return element.getIntOrFloatBitWidth() < 32 ? Float32Type::get(context) : element;
    }
    case ElementRule::sum: {
      Type sum = commonSumType(elementOf(operands[0]), elementOf(operands[1]));
      bool hasBias = operands.size() > 2 && operands[2];
      return hasBias && elementOf(operands[2]) != sum ? Type() : sum;
    }
    case ElementRule::attribute: {
      auto to = op.attributes.getAs<TypeAttr>("to");
      bool valid = to && nn::dtypeOf(to.getValue()) != PEBBLE_NONE;
      bool sameBits =
          op.name != "nn.bit_cast" ||
          (valid && nn::elementBytes(to.getValue()) == nn::elementBytes(elementOf(operands[0])));
      return valid && sameBits ? to.getValue() : Type();
    }
    }
    llvm_unreachable("all rules are handled");
  }

  const nn::OpDescription &op;
  ArrayRef<Value> operands;
  const KernelRow &row;
};

LogicalResult inferTypes(const nn::OpDescription &op, ValueRange given,
                         SmallVectorImpl<Type> &results, std::string &error) {
  SmallVector<Value> operands;
  nn::KernelAttributes attributes;
  if (failed(nn::operandSlots(op, given, operands, error)) ||
      failed(nn::flattenAttributes(op, given.size(), attributes, error)))
    return failure();
  for (Value operand : operands) {
    auto type = operand ? dyn_cast<RankedTensorType>(operand.getType()) : RankedTensorType();
    if (operand && (!type || nn::dtypeOf(type.getElementType()) == PEBBLE_NONE)) {
      llvm::raw_string_ostream(error) << "needs ranked tensors of the dialect's element types, but "
                                         "has "
                                      << operand.getType();
      return failure();
    }
    if (type && type.getRank() > PEBBLE_MAX_RANK) {
      llvm::raw_string_ostream(error)
          << "has an operand of rank " << type.getRank() << "; ranks above " << PEBBLE_MAX_RANK
          << " are not supported";
      return failure();
    }
  }
  if (operands.empty()) {
    error = "needs one operand or more";
    return failure();
  }

  StringRef mnemonic = op.name.split('.').second;
  static const KernelRow plain;
  auto found = kernelRows().find(mnemonic);
  const KernelRow &row = found == kernelRows().end() ? plain : found->second;
  SmallVector<Type> elements;
  if (failed(TypeInference(op, operands, row).run(elements, error)))
    return failure();

  InferenceCall call(operands, op.shapeOperands, attributes.ints, elements.size());
  ShapeFunction function = findShapeFunction(mnemonic);
  assert(function && "every kernel op has a shape function");
  if (function(call) != PEBBLE_OK) {
    error = call.error();
    return failure();
  }
  for (auto [element, dims] : llvm::zip(elements, call.results())) {
    SmallVector<int64_t> shape;
    for (shape::Dim dim : dims) {
      if (dim.isOverflow() || isLess(dim, 0)) {
        error = "has a result dim that does not fit 63 bits";
        return failure();
      }
      shape.push_back(dim.isKnown() ? dim.value() : ShapedType::kDynamic);
    }
    if (!nn::isCountable(shape)) {
      error = "has a result of more than 2^63 bytes";
      return failure();
    }
    results.push_back(RankedTensorType::get(shape, element));
  }
  return success();
}

} // namespace

LogicalResult nn::inferKernel(const OpDescription &op, std::optional<Location> location,
                              ValueRange operands, SmallVectorImpl<Type> &results) {
  std::string error;
  if (failed(inferTypes(op, operands, results, error)))
    return emitOptionalError(location, "'", op.name, "' op ", error);
  return success();
}
