// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "frontends/onnx/ShapeRefinement.h"

#include "dialects/nn/Constants.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace pebble::onnx {

using mlir::RankedTensorType;
using mlir::ShapedType;
using Partial = std::optional<llvm::SmallVector<int64_t>>;

namespace {

constexpr int64_t unknown = ShapedType::kDynamic;
/// Shapes are short; longer vectors are data.
constexpr int64_t maxShapeElements = 64;
/// Chains of shape arithmetic are short, too; the limit keeps the search linear.
constexpr int maxDepth = 12;

Partial evaluate(mlir::Value value, int depth);

RankedTensorType tensorType(mlir::Value value) {
  return llvm::cast<RankedTensorType>(value.getType());
}

bool isShapeLike(mlir::Value value) {
  RankedTensorType type = tensorType(value);
  return type.getElementType().isInteger(64) && type.getRank() <= 1 && type.hasStaticShape() &&
         type.getNumElements() <= maxShapeElements;
}

Partial evaluateConcat(nn::ConcatOp op, int depth) {
  llvm::SmallVector<int64_t> all;
  for (mlir::Value input : op.getInputs()) {
    Partial part = evaluate(input, depth);
    if (!part)
      return std::nullopt;
    all.append(part->begin(), part->end());
  }
  return all;
}

Partial evaluateSlice(nn::SliceOp op, int depth) {
  Partial input = evaluate(op.getInput(), depth);
  auto starts = nn::constantInts(op.getStarts()), ends = nn::constantInts(op.getEnds()),
       steps = nn::constantInts(op.getSteps());
  if (!input || !starts || !ends || !steps || starts->size() != 1 || steps->front() != 1)
    return std::nullopt;
  auto size = static_cast<int64_t>(input->size());
  auto clamp = [&](int64_t position) {
    return std::clamp<int64_t>(position < 0 ? position + size : position, 0, size);
  };
  int64_t begin = clamp(starts->front()), end = std::max(begin, clamp(ends->front()));
  return llvm::SmallVector<int64_t>(input->begin() + begin, input->begin() + end);
}

Partial evaluateGather(nn::GatherOp op, int depth) {
  Partial data = evaluate(op.getData(), depth);
  auto indices = nn::constantInts(op.getIndices());
  if (!data || !indices)
    return std::nullopt;
  llvm::SmallVector<int64_t> result;
  auto size = static_cast<int64_t>(data->size());
  for (int64_t index : *indices) {
    if (index < -size || index >= size)
      return std::nullopt;
    result.push_back((*data)[index < 0 ? index + size : index]);
  }
  return result;
}

template <typename Combine>
Partial evaluateBinary(mlir::Operation *op, int depth, Combine combine) {
  Partial lhs = evaluate(op->getOperand(0), depth), rhs = evaluate(op->getOperand(1), depth);
  if (!lhs || !rhs)
    return std::nullopt;
  size_t size = tensorType(op->getResult(0)).getNumElements();
  if ((lhs->size() != size && lhs->size() != 1) || (rhs->size() != size && rhs->size() != 1))
    return std::nullopt;
  llvm::SmallVector<int64_t> result(size, unknown);
  for (size_t i = 0; i < size; ++i) {
    int64_t a = (*lhs)[lhs->size() == 1 ? 0 : i], b = (*rhs)[rhs->size() == 1 ? 0 : i];
    if (a != unknown && b != unknown && combine(a, b, result[i]))
      result[i] = unknown;
  }
  return result;
}

/// The elements of `op`'s result from those of its operands.
Partial evaluateOp(mlir::Operation *op, int depth) {
  return llvm::TypeSwitch<mlir::Operation *, Partial>(op)
      .Case([&](nn::ShapeOfOp shape) -> Partial {
        llvm::ArrayRef<int64_t> dims = tensorType(shape.getInput()).getShape();
        return llvm::SmallVector<int64_t>(dims);
      })
      .Case([&](nn::ConcatOp concat) { return evaluateConcat(concat, depth); })
      .Case([&](nn::SliceOp slice) { return evaluateSlice(slice, depth); })
      .Case([&](nn::GatherOp gather) { return evaluateGather(gather, depth); })
      .Case([&](nn::ReshapeOp reshape) { return evaluate(reshape.getInput(), depth); })
      .Case([&](nn::CastOp cast) { return evaluate(cast.getInput(), depth); })
      .Case([&](nn::AddOp) { return evaluateBinary(op, depth, llvm::AddOverflow<int64_t>); })
      .Case([&](nn::SubOp) { return evaluateBinary(op, depth, llvm::SubOverflow<int64_t>); })
      .Case([&](nn::MulOp) { return evaluateBinary(op, depth, llvm::MulOverflow<int64_t>); })
      .Case([&](nn::DivOp) {
        return evaluateBinary(op, depth, [](int64_t a, int64_t b, int64_t &quotient) {
          if (b == 0 || b == -1)
            return true;
          quotient = a / b;
          return false;
        });
      })
      .Default([](mlir::Operation *) { return std::nullopt; });
}

Partial evaluate(mlir::Value value, int depth) {
  if (!isShapeLike(value))
    return std::nullopt;
  if (Partial known = nn::constantInts(value))
    return known;
  llvm::SmallVector<int64_t> nothing(tensorType(value).getNumElements(), unknown);
  mlir::Operation *op = value.getDefiningOp();
  if (!op || depth == 0 || op->getNumResults() != 1)
    return nothing;
  Partial result = evaluateOp(op, depth - 1);
  return result && result->size() == nothing.size() ? result : nothing;
}

/// Intersects the result's dims with `dims` (unknown where nothing is said).
void setDims(mlir::Value result, llvm::ArrayRef<int64_t> dims) {
  RankedTensorType type = tensorType(result);
  if (type.getRank() != static_cast<int64_t>(dims.size()))
    return;
  llvm::SmallVector<int64_t> refined(type.getShape());
  for (auto [known, dim] : llvm::zip_equal(refined, dims))
    if (ShapedType::isDynamic(known) && dim >= 0)
      known = dim;
  result.setType(RankedTensorType::get(refined, type.getElementType()));
}

void refineReshape(nn::ReshapeOp op) {
  Partial shape = partlyKnownInts(op.getShape());
  if (!shape)
    return;
  RankedTensorType input = tensorType(op.getInput());
  for (auto [index, dim] : llvm::enumerate(*shape))
    if (dim == 0 && !op.getAllowzero())
      dim = static_cast<int64_t>(index) < input.getRank() ? input.getDimSize(index) : unknown;
  llvm::replace(*shape, int64_t(-1), unknown);
  int64_t product = 1;
  for (int64_t dim : *shape)
    if (dim != unknown && llvm::MulOverflow(product, dim, product))
      return;
  // The number of elements stays: a single open dim takes what the others leave.
  if (input.hasStaticShape() && llvm::count(*shape, unknown) == 1 && product > 0 &&
      input.getNumElements() % product == 0)
    llvm::replace(*shape, unknown, input.getNumElements() / product);
  setDims(op.getResult(), *shape);
}

void refineBroadcast(nn::BroadcastToOp op) {
  Partial shape = partlyKnownInts(op.getShape());
  if (!shape)
    return;
  llvm::ArrayRef<int64_t> input = tensorType(op.getInput()).getShape();
  int64_t rank = tensorType(op.getResult()).getRank();
  auto fromEnd = [&](llvm::ArrayRef<int64_t> dims, int64_t place) -> int64_t {
    int64_t index = place - (rank - static_cast<int64_t>(dims.size()));
    return index < 0 ? 1 : dims[index];
  };
  llvm::SmallVector<int64_t> dims;
  for (int64_t i = 0; i < rank; ++i) {
    int64_t a = fromEnd(input, i), b = fromEnd(*shape, i);
    // An unknown dim beside one above 1 can only be that one or 1.
    dims.push_back(a == 1 ? b : b == 1 || b == unknown ? (a > 1 || b == 1 ? a : unknown) : b);
  }
  setDims(op.getResult(), dims);
}

} // namespace

Partial partlyKnownInts(mlir::Value value) {
  return value ? evaluate(value, maxDepth) : std::nullopt;
}

void refineResultTypes(mlir::Operation *op) {
  llvm::TypeSwitch<mlir::Operation *>(op)
      .Case([](nn::ReshapeOp reshape) { refineReshape(reshape); })
      .Case([](nn::BroadcastToOp broadcast) { refineBroadcast(broadcast); })
      .Case([](nn::RandomOp random) {
        if (Partial shape = partlyKnownInts(random.getShape()))
          setDims(random.getResult(), *shape);
      });
}

mlir::Attribute knownResult(mlir::Operation *op) {
  if (op->getNumResults() != 1 || !isShapeLike(op->getResult(0)))
    return {};
  Partial elements = evaluateOp(op, maxDepth);
  RankedTensorType type = tensorType(op->getResult(0));
  if (!elements || llvm::is_contained(*elements, unknown) ||
      static_cast<int64_t>(elements->size()) != type.getNumElements())
    return {};
  return mlir::DenseElementsAttr::get(type, llvm::ArrayRef<int64_t>(*elements));
}

} // namespace pebble::onnx
