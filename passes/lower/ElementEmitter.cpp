// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/ElementEmitter.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace pebble;

std::optional<int64_t> pebble::constantOf(OpFoldResult size) { return getConstantIntValue(size); }

Value pebble::toValue(ImplicitLocOpBuilder &builder, OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(builder, builder.getLoc(), size);
}

OpFoldResult pebble::multiply(ImplicitLocOpBuilder &builder, OpFoldResult a, OpFoldResult b) {
  std::optional<int64_t> x = constantOf(a), y = constantOf(b);
  if (x && y)
    return builder.getIndexAttr(*x * *y);
  if (x == 1)
    return b;
  if (y == 1)
    return a;
  return arith::MulIOp::create(builder, toValue(builder, a), toValue(builder, b)).getResult();
}

Value pebble::toRegister(ImplicitLocOpBuilder &builder, Value stored, Type element) {
  if (!element.isInteger(1))
    return stored;
  Value zero = constantLike(builder, stored, builder.getI8Type(), 0);
  return arith::CmpIOp::create(builder, arith::CmpIPredicate::ne, stored, zero);
}

Value pebble::toStorage(ImplicitLocOpBuilder &builder, Value value, Type element) {
  if (!element.isInteger(1))
    return value;
  Type type = builder.getI8Type();
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = vector.clone(type);
  return arith::ExtUIOp::create(builder, type, value);
}

int64_t KernelTensor::runStep() const { return pitch ? pitch : *constantOf(dims.back()); }

ElementEmitter::ElementEmitter(ImplicitLocOpBuilder &builder, ArrayRef<Value> roots,
                               ArrayRef<const KernelTensor *> targets, ArrayRef<Value> computed,
                               Lookup lookup, bool merge)
    : b(builder), computed(computed.begin(), computed.end()) {
  for (Value root : roots)
    collect(root, lookup);
  layOut(targets, merge);
}

void ElementEmitter::collect(Value value, Lookup lookup) {
  if (computed.contains(value) || leaves.contains(value))
    return;
  Attribute constant;
  if (matchPattern(value, m_Constant(&constant)) && cast<ElementsAttr>(constant).isSplat())
    return;
  if (const KernelTensor *tensor = lookup(value)) {
    leaves[value] = {tensor, {}};
    return;
  }
  Operation *op = value.getDefiningOp();
  allVectorizable &= isVectorizable(op);
  for (Value operand : op->getOperands())
    collect(operand, lookup);
}

ElementEmitter::Meets ElementEmitter::meets(const KernelTensor &tensor, int64_t dim, int64_t rank,
                                            bool onlyTensor) const {
  int64_t own = dim - (rank - tensor.type.getRank());
  if (own < 0 || tensor.type.getDimSize(own) == 1)
    return Meets::Broadcast;
  if (onlyTensor || !tensor.type.isDynamicDim(own))
    return Meets::Fully;
  return Meets::Unknown;
}

/// The strides of a tensor's dims, in elements.
static SmallVector<OpFoldResult> stridesOf(ImplicitLocOpBuilder &b, const KernelTensor &tensor) {
  int64_t rank = tensor.dims.size();
  SmallVector<OpFoldResult> strides(rank);
  OpFoldResult stride = b.getIndexAttr(1);
  for (int64_t dim = rank - 1; dim >= 0; --dim) {
    strides[dim] = stride;
    bool isRun = dim == rank - 1 && tensor.pitch > 0;
    stride =
        isRun ? OpFoldResult(b.getIndexAttr(tensor.pitch)) : multiply(b, stride, tensor.dims[dim]);
  }
  return strides;
}

void ElementEmitter::layOut(ArrayRef<const KernelTensor *> targets, bool merge) {
  ArrayRef<OpFoldResult> dims = targets.front()->dims;
  int64_t rank = dims.size();
  bool hasPitch = llvm::any_of(targets, [](const KernelTensor *it) { return it->pitch > 0; }) ||
                  llvm::any_of(leaves, [](auto &leaf) { return leaf.second.tensor->pitch > 0; });
  // A lone tensor of the result's rank decides the result's dims: nothing of it is broadcast.
  int64_t withElements = llvm::count_if(leaves, [](auto &leaf) {
    RankedTensorType type = leaf.second.tensor->type;
    return !type.hasStaticShape() || type.getNumElements() != 1;
  });
  bool onlyTensor = withElements == 1 && computed.empty();

  // Loops as ranges of dims, outermost first.
  SmallVector<SmallVector<int64_t>> loops;
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (merge && constantOf(dims[dim]) == 1)
      continue;
    bool join = merge && !loops.empty() && !(hasPitch && dim == rank - 1);
    if (join)
      for (auto &[value, leaf] : leaves) {
        Meets here = meets(*leaf.tensor, dim, rank, onlyTensor);
        join &= here != Meets::Unknown &&
                here == meets(*leaf.tensor, loops.back().back(), rank, onlyTensor);
      }
    if (!join)
      loops.emplace_back();
    loops.back().push_back(dim);
  }
  for (ArrayRef<int64_t> loop : loops) {
    OpFoldResult extent = b.getIndexAttr(1);
    for (int64_t dim : loop)
      extent = multiply(b, extent, dims[dim]);
    loopExtents.push_back(extent);
  }

  for (const KernelTensor *target : targets) {
    SmallVector<OpFoldResult> own = stridesOf(b, *target);
    SmallVector<OpFoldResult> &strides = rootStrides.emplace_back();
    for (ArrayRef<int64_t> loop : loops)
      strides.push_back(own[loop.back()]);
  }
  for (auto &[value, leaf] : leaves) {
    SmallVector<OpFoldResult> own = stridesOf(b, *leaf.tensor);
    int64_t skip = rank - leaf.tensor->type.getRank();
    for (ArrayRef<int64_t> loop : loops) {
      int64_t dim = loop.back();
      switch (meets(*leaf.tensor, dim, rank, onlyTensor)) {
      case Meets::Broadcast:
        leaf.strides.push_back(b.getIndexAttr(0));
        break;
      case Meets::Fully:
        leaf.strides.push_back(own[dim - skip]);
        break;
      case Meets::Unknown: {
        Value zero = arith::ConstantIndexOp::create(b, 0),
              one = arith::ConstantIndexOp::create(b, 1);
        Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                            toValue(b, leaf.tensor->dims[dim - skip]), one);
        leaf.strides.push_back(
            arith::SelectOp::create(b, isOne, zero, toValue(b, own[dim - skip])).getResult());
        break;
      }
      }
    }
  }
}

void ElementEmitter::moveTo(ArrayRef<Value> newCoordinates, int64_t newLanes) {
  coordinates.assign(newCoordinates.begin(), newCoordinates.end());
  lanes = newLanes;
  elements.clear();
}

bool ElementEmitter::vectorizable() const {
  return allVectorizable && llvm::all_of(leaves, [](auto &leaf) {
           std::optional<int64_t> last =
               leaf.second.strides.empty() ? 0 : constantOf(leaf.second.strides.back());
           return last == 0 || last == 1;
         });
}

Value ElementEmitter::position(ArrayRef<OpFoldResult> strides) {
  Value sum;
  for (auto [coordinate, stride] : llvm::zip(coordinates, strides)) {
    std::optional<int64_t> constant = constantOf(stride);
    if (constant == 0)
      continue;
    Value term = constant == 1
                     ? coordinate
                     : arith::MulIOp::create(b, coordinate, toValue(b, stride)).getResult();
    sum = sum ? arith::AddIOp::create(b, sum, term).getResult() : term;
  }
  return sum ? sum : arith::ConstantIndexOp::create(b, 0).getResult();
}

Value ElementEmitter::rootPosition(size_t index) { return position(rootStrides[index]); }

Value ElementEmitter::load(const Leaf &leaf) {
  Value at = position(leaf.strides);
  Type element = leaf.tensor->type.getElementType();
  bool contiguous = !leaf.strides.empty() && constantOf(leaf.strides.back()) == 1;
  if (lanes > 1 && contiguous) {
    auto type = VectorType::get(lanes, mem::storageType(element));
    return toRegister(b, vector::LoadOp::create(b, type, leaf.tensor->memory, at), element);
  }
  Value scalar = toRegister(b, memref::LoadOp::create(b, leaf.tensor->memory, at), element);
  if (lanes == 1)
    return scalar;
  return vector::BroadcastOp::create(b, VectorType::get(lanes, scalar.getType()), scalar);
}

Value ElementEmitter::constantElement(Value value) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)) || !cast<ElementsAttr>(attr).isSplat())
    return {};
  Type type = registerType(cast<RankedTensorType>(value.getType()).getElementType());
  TypedAttr splat;
  if (isa<FloatType>(type))
    splat = FloatAttr::get(type, cast<ElementsAttr>(attr).getSplatValue<APFloat>());
  else
    splat = IntegerAttr::get(type, cast<ElementsAttr>(attr).getSplatValue<APInt>());
  if (lanes > 1)
    splat = DenseElementsAttr::get(VectorType::get(lanes, type), splat);
  return arith::ConstantOp::create(b, splat);
}

Value ElementEmitter::get(Value value) {
  if (Value known = elements.lookup(value))
    return known;
  Value element;
  if (auto leaf = leaves.find(value); leaf != leaves.end()) {
    element = load(leaf->second);
  } else if (Value constant = constantElement(value)) {
    element = constant;
  } else {
    SmallVector<Value> operands;
    for (Value operand : value.getDefiningOp()->getOperands())
      operands.push_back(get(operand));
    element = emitScalar(b, value.getDefiningOp(), operands);
  }
  return elements[value] = element;
}
