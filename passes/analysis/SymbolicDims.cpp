// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/analysis/SymbolicDims.h"

#include "dialects/nn/Constants.h"
#include "dialects/nn/KernelCall.h"
#include "passes/analysis/WindowSpec.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Larger expressions become symbols: shared parts would make them grow without bound.
constexpr int64_t mostNodes = 64;

/// Layers whose result has the dims of their first operand.
bool keepsDims(Operation *op) {
  static const llvm::StringSet<> names = {
      "softmax",          "log_softmax", "hardmax",         "layer_norm", "lrn",
      "cum_sum",          "cum_prod",    "trilu",           "eye_like",   "bit_cast",
      "reverse_sequence", "scatter_nd",  "scatter_elements"};
  return names.contains(op->getName().stripDialect());
}

int64_t countNodes(AffineExpr expression) {
  int64_t count = 0;
  expression.walk([&](AffineExpr) { ++count; });
  return count;
}

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }

} // namespace

AffineExpr SymbolicDims::constant(int64_t value) const {
  return getAffineConstantExpr(value, context);
}

AffineExpr SymbolicDims::freshSymbol(std::string name) {
  names.push_back(std::move(name));
  return getAffineSymbolExpr(names.size() - 1, context);
}

void SymbolicDims::bind(Value argument, ArrayRef<std::string> dimNames) {
  Exprs dims;
  for (auto [size, name] : llvm::zip(typeOf(argument).getShape(), dimNames)) {
    if (!ShapedType::isDynamic(size)) {
      dims.push_back(constant(size));
      continue;
    }
    auto it = name.empty() ? names.end() : llvm::find(names, name);
    dims.push_back(it == names.end() ? freshSymbol(name)
                                     : getAffineSymbolExpr(it - names.begin(), context));
  }
  known[argument] = dims;
}

ArrayRef<AffineExpr> SymbolicDims::of(Value tensor) {
  if (auto it = known.find(tensor); it != known.end())
    return it->second;
  Exprs dims = compute(tensor);
  dims.resize(typeOf(tensor).getRank());
  for (auto [size, dim] : llvm::zip(typeOf(tensor).getShape(), dims)) {
    if (!ShapedType::isDynamic(size))
      dim = constant(size);
    else if (!dim || countNodes(dim) > mostNodes)
      dim = freshSymbol();
  }
  return known[tensor] = dims;
}

/// A dim that is left out or null is not followed.
SymbolicDims::Exprs SymbolicDims::compute(Value tensor) {
  Operation *op = tensor.getDefiningOp();
  RankedTensorType type = typeOf(tensor);
  if (!op || type.hasStaticShape() || op->getNumOperands() == 0)
    return {};
  if (op->hasTrait<nn::ElementwiseOp>())
    return broadcast(op, type.getRank());
  bool isLayer = isa<nn::KernelOpInterface>(op) || op->hasTrait<nn::EpilogueOp>();
  if (!isLayer || tensor != op->getResult(0))
    return {};
  Exprs input(of(op->getOperand(0)));
  if (keepsDims(op))
    return input;
  if (auto window = WindowSpec::of(op)) {
    for (auto [index, dim] : llvm::enumerate(window->dims)) {
      AffineExpr &size = input[window->firstSpatial + index];
      size = (size + (dim.pads - dim.span)).floorDiv(dim.stride) + 1;
    }
    if (auto conv = dyn_cast<nn::ConvOp>(op))
      input[1] = of(conv.getWeight())[0];
    return input;
  }
  if (auto transpose = dyn_cast<nn::TransposeOp>(op)) {
    Exprs dims;
    for (int64_t from : transpose.getPermutation())
      dims.push_back(input[from]);
    return dims;
  }
  if (auto concat = dyn_cast<nn::ConcatOp>(op)) {
    for (Value operand : concat.getInputs().drop_front())
      input[concat.getAxis()] = input[concat.getAxis()] + of(operand)[concat.getAxis()];
    return input;
  }
  if (auto pad = dyn_cast<nn::PadOp>(op)) {
    std::optional<SmallVector<int64_t>> pads = nn::constantInts(pad.getPads());
    if (!pads || pad.getAxes() || pads->size() != 2 * input.size())
      return {};
    for (auto [index, dim] : llvm::enumerate(input))
      dim = dim + ((*pads)[index] + (*pads)[input.size() + index]);
    return input;
  }
  if (isa<nn::ReshapeOp>(op))
    return reshaped(op, type.getRank());
  if (isa<nn::MatMulPackedOp>(op))
    return input;
  if (op->getName().stripDialect().starts_with("reduce_"))
    return reduced(op, type.getRank());
  return {};
}

SymbolicDims::Exprs SymbolicDims::reduced(Operation *op, int64_t rank) {
  std::optional<SmallVector<int64_t>> axes = nn::constantInts(op->getOperand(1));
  if (!axes)
    return {};
  Exprs dims(of(op->getOperand(0)));
  int64_t inputRank = dims.size();
  for (int64_t axis : *axes)
    dims[axis < 0 ? axis + inputRank : axis] = rank == inputRank ? constant(1) : AffineExpr();
  if (rank != inputRank)
    llvm::erase(dims, AffineExpr());
  return dims;
}

SymbolicDims::Exprs SymbolicDims::broadcast(Operation *op, int64_t rank) {
  Exprs dims(rank);
  SmallVector<bool> followed(rank, true);
  for (Value operand : op->getOperands()) {
    ArrayRef<AffineExpr> own = of(operand);
    int64_t skip = rank - static_cast<int64_t>(own.size());
    for (auto [index, dim] : llvm::enumerate(own)) {
      AffineExpr &here = dims[skip + index];
      if (dim == constant(1) || here == dim)
        continue;
      followed[skip + index] = followed[skip + index] && !here;
      here = dim;
    }
  }
  for (auto [dim, isFollowed] : llvm::zip(dims, followed))
    if (!isFollowed)
      dim = AffineExpr();
  return dims;
}

SymbolicDims::Exprs SymbolicDims::reshaped(Operation *op, int64_t rank) {
  auto reshape = cast<nn::ReshapeOp>(op);
  std::optional<SmallVector<int64_t>> shape = nn::constantInts(reshape.getShape());
  if (!shape || static_cast<int64_t>(shape->size()) != rank)
    return {};
  ArrayRef<AffineExpr> input = of(reshape.getInput());
  Exprs dims(rank), left(input);
  int64_t missing = -1, divisor = 1;
  for (auto [index, size] : llvm::enumerate(*shape)) {
    if (size == -1) {
      missing = index;
      continue;
    }
    bool copies = size == 0 && !reshape.getAllowzero();
    if (copies && index >= input.size())
      return {};
    dims[index] = copies ? input[index] : constant(size);
    // What both sides have cancels out of the missing dim.
    if (auto it = llvm::find(left, dims[index]); it != left.end())
      left.erase(it);
    else if (auto known = dyn_cast<AffineConstantExpr>(dims[index]); known && known.getValue() > 0)
      divisor *= known.getValue();
    else
      divisor = 0;
  }
  if (missing < 0 || divisor == 0)
    return dims;
  AffineExpr product = constant(1);
  for (AffineExpr factor : left)
    product = product * factor;
  dims[missing] = product.floorDiv(divisor);
  return dims;
}

std::optional<std::string> SymbolicDims::text(AffineExpr expression) const {
  return write(expression, /*nested=*/false);
}

std::optional<std::string> SymbolicDims::write(AffineExpr expression, bool nested) const {
  if (auto number = dyn_cast<AffineConstantExpr>(expression))
    return std::to_string(number.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expression)) {
    const std::string &name = names[symbol.getPosition()];
    return name.empty() ? std::nullopt : std::optional(name);
  }
  auto binary = cast<AffineBinaryOpExpr>(expression);
  std::optional<std::string> left = write(binary.getLHS(), true);
  if (!left)
    return std::nullopt;
  std::string sign;
  std::optional<std::string> right;
  auto number = dyn_cast<AffineConstantExpr>(binary.getRHS());
  if (binary.getKind() == AffineExprKind::Add && number && number.getValue() < 0) {
    sign = " - ";
    right = std::to_string(-number.getValue());
  } else {
    static const std::pair<AffineExprKind, const char *> signs[] = {
        {AffineExprKind::Add, " + "},
        {AffineExprKind::Mul, " * "},
        {AffineExprKind::Mod, " mod "},
        {AffineExprKind::FloorDiv, " floordiv "},
        {AffineExprKind::CeilDiv, " ceildiv "}};
    for (auto [kind, name] : signs)
      if (kind == binary.getKind())
        sign = name;
    right = write(binary.getRHS(), true);
  }
  if (!right)
    return std::nullopt;
  std::string whole = *left + sign + *right;
  return nested ? "(" + whole + ")" : whole;
}

std::optional<std::string> SymbolicDims::bytesText(Value tensor) {
  int64_t known = nn::elementBytes(typeOf(tensor).getElementType());
  std::string factors;
  for (AffineExpr dim : of(tensor)) {
    if (auto number = dyn_cast<AffineConstantExpr>(dim)) {
      if (llvm::MulOverflow(known, number.getValue(), known))
        return std::nullopt;
      continue;
    }
    std::optional<std::string> factor = write(dim, /*nested=*/true);
    if (!factor)
      return std::nullopt;
    factors += " * " + *factor;
  }
  return known == 0 ? "0" : std::to_string(known) + factors;
}
