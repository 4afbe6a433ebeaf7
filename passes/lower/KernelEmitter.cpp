// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "passes/lower/KernelEmitter.h"

#include "dialects/nn/KernelCall.h"

#include "mlir/Interfaces/DataLayoutInterfaces.h"

using namespace mlir;
using namespace pebble;

KernelEmitter::KernelEmitter(func::FuncOp kernel, const LoweringOptions &options)
    : kernel(kernel), loweringOptions(options), b(kernel.getLoc(), kernel.getContext()) {}

/// A one-dimensional memref over raw memory: the descriptor that the LLVM conversion expects.
Value KernelEmitter::memoryAt(Value pointer, const KernelTensor &tensor) {
  OpFoldResult elements = b.getIndexAttr(1);
  for (auto [dim, size] : llvm::enumerate(tensor.dims)) {
    bool isRun = tensor.pitch > 0 && dim + 1 == tensor.dims.size();
    elements = multiply(b, elements, isRun ? OpFoldResult(b.getIndexAttr(tensor.pitch)) : size);
  }
  int64_t size = constantOf(elements).value_or(ShapedType::kDynamic);
  auto memref = MemRefType::get({size}, mem::storageType(tensor.type.getElementType()));
  DataLayout layout = DataLayout::closest(kernel);
  Type word = b.getIntegerType(layout.getTypeSizeInBits(b.getIndexType()));
  Type array = LLVM::LLVMArrayType::get(word, 1);
  Type descriptor = LLVM::LLVMStructType::getLiteral(
      b.getContext(), {pointer.getType(), pointer.getType(), word, array, array});
  auto constant = [&](int64_t value) {
    return arith::ConstantIntOp::create(b, word, value).getResult();
  };
  Value count = arith::IndexCastOp::create(b, word, toValue(b, elements));
  Value result = LLVM::PoisonOp::create(b, descriptor);
  result = LLVM::InsertValueOp::create(b, result, pointer, ArrayRef<int64_t>{0});
  result = LLVM::InsertValueOp::create(b, result, pointer, ArrayRef<int64_t>{1});
  result = LLVM::InsertValueOp::create(b, result, constant(0), ArrayRef<int64_t>{2});
  result = LLVM::InsertValueOp::create(b, result, count, ArrayRef<int64_t>{3, 0});
  result = LLVM::InsertValueOp::create(b, result, constant(1), ArrayRef<int64_t>{4, 0});
  return UnrealizedConversionCastOp::create(b, memref, result).getResult(0);
}

void KernelEmitter::bindArguments(Block &body, Block &entry) {
  MLIRContext *context = b.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context);
  SmallVector<Value> values(body.getArguments());
  llvm::append_range(values, results);
  SmallVector<Type> types{pointer};
  types.append(values.size(), pointer);
  auto spec = mem::KernelSpecAttr::of(kernel);
  if (spec && spec.getScratch() > 0)
    types.push_back(pointer);
  size_t pointers = types.size();
  for (Value value : values)
    types.append(cast<RankedTensorType>(value.getType()).getNumDynamicDims(), b.getIndexType());
  auto ring = kernel->getAttrOfType<IntegerAttr>(mem::ringRowsName);
  if (ring)
    types.push_back(b.getIndexType());
  entry.addArguments(types, SmallVector<Location>(types.size(), kernel.getLoc()));
  b.setInsertionPointToStart(&entry);
  status = arith::ConstantIntOp::create(b, 0, 32);

  if (ring) {
    onlyRow = entry.getArguments().back();
    heldRows = ring.getInt();
    if (auto columns = kernel->getAttrOfType<DenseI64ArrayAttr>(mem::columnsName))
      heldColumns = columns;
    loweringOptions.parallel = false;
  }
  if (pointers > 1 + values.size())
    lent = entry.getArgument(pointers - 1);
  size_t nextDim = pointers;
  auto pitches = kernel->getAttrOfType<DenseI64ArrayAttr>(mem::pitchesName);
  for (auto [index, value] : llvm::enumerate(values)) {
    auto type = cast<RankedTensorType>(value.getType());
    auto tensor = std::make_unique<KernelTensor>();
    tensor->type = type;
    for (int64_t size : type.getShape())
      tensor->dims.push_back(ShapedType::isDynamic(size)
                                 ? OpFoldResult(entry.getArgument(nextDim++))
                                 : OpFoldResult(b.getIndexAttr(size)));
    if (pitches)
      tensor->pitch = pitches[index];
    tensor->memory = memoryAt(entry.getArgument(1 + index), *tensor);
    // A value yielded twice keeps its first tensor; the other is copied at the end.
    tensors.try_emplace(value, std::move(tensor));
  }
  if (auto over = kernel->getAttrOfType<DenseI64ArrayAttr>(mem::overName))
    for (auto [index, operand] : llvm::enumerate(over.asArrayRef()))
      if (operand >= 0) {
        // One pointer for both, or the code generator would think that they do not overlap.
        KernelTensor &read = *tensors[body.getArgument(operand)];
        read.memory = memoryAt(entry.getArgument(1 + body.getNumArguments() + index), read);
        writtenOver.insert(results[index]);
      }
  kernel.setFunctionType(FunctionType::get(context, types, b.getI32Type()));
  SmallVector<DictionaryAttr> attributes(types.size(), b.getDictionaryAttr({}));
  for (size_t index = 0; index < pointers; ++index)
    attributes[index] = b.getDictionaryAttr(b.getNamedAttr("llvm.noalias", b.getUnitAttr()));
  kernel.setAllArgAttrs(attributes);
  kernel.setAllResultAttrs(ArrayRef<DictionaryAttr>{b.getDictionaryAttr({})});
}

KernelTensor *KernelEmitter::bindConstant(Value value) {
  auto constant = value.getDefiningOp<nn::ConstantOp>();
  if (!constant)
    return nullptr;
  auto type = cast<RankedTensorType>(value.getType());
  auto buffer = mem::bufferType(type);
  OpBuilder::InsertionGuard guard(b);
  // Constants are seen from every loop: make them at the entry.
  b.setInsertionPointToStart(entryBlock);
  auto tensor = std::make_unique<KernelTensor>();
  tensor->type = type;
  for (int64_t size : type.getShape())
    tensor->dims.push_back(b.getIndexAttr(size));
  Value whole = mem::ConstantOp::create(b, buffer, constant.getValue(), IntegerAttr());
  tensor->memory = mem::ViewOp::create(
      b, MemRefType::get({type.getNumElements()}, buffer.getElementType()), whole, ValueRange());
  return (tensors[value] = std::move(tensor)).get();
}

const KernelTensor *KernelEmitter::tensor(Value value) {
  if (auto it = tensors.find(value); it != tensors.end())
    return it->second.get();
  return bindConstant(value);
}

SmallVector<Value> KernelEmitter::yieldedFrom(Operation *root) const {
  SmallVector<Value> found;
  for (Value value : results)
    if (value.getDefiningOp() == root || value.getDefiningOp()->hasTrait<nn::ElementwiseOp>())
      found.push_back(value);
  return found;
}

Value KernelEmitter::heldRow(Value row) {
  if (heldRows == 0)
    return row;
  return arith::RemUIOp::create(b, row, arith::ConstantIndexOp::create(b, heldRows));
}

void KernelEmitter::loop(OpFoldResult begin, OpFoldResult end, int64_t step,
                         llvm::function_ref<void(Value)> body) {
  auto loop = scf::ForOp::create(b, toValue(b, begin), toValue(b, end),
                                 arith::ConstantIndexOp::create(b, step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

/// Below this many elementary steps, handing a loop to other threads costs more than it saves.
static constexpr int64_t leastSharedWork = 100'000;

void KernelEmitter::parallelLoops(ArrayRef<OpFoldResult> extents, LoopBody body,
                                  int64_t iterationCost) {
  int64_t work = iterationCost;
  for (OpFoldResult extent : extents)
    work *= constantOf(extent).value_or(leastSharedWork);
  bool share = loweringOptions.parallel && !isShared && work >= leastSharedWork;
  SmallVector<Value> coordinates;
  std::function<void(size_t)> nest = [&](size_t depth) {
    if (depth == extents.size())
      return body(coordinates);
    auto inner = [&](Value coordinate) {
      coordinates.push_back(coordinate);
      nest(depth + 1);
      coordinates.pop_back();
    };
    if (constantOf(extents[depth]) == 1)
      return inner(arith::ConstantIndexOp::create(b, 0));
    if (!share || isShared)
      return loop(b.getIndexAttr(0), extents[depth], 1, inner);
    Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
    auto parallel = scf::ParallelOp::create(b, zero, toValue(b, extents[depth]), one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(parallel.getBody());
    isShared = true;
    inner(parallel.getInductionVars()[0]);
    isShared = false;
  };
  nest(0);
}

void KernelEmitter::storeElementwise(ArrayRef<Value> values) {
  SmallVector<const KernelTensor *> targets;
  for (Value value : values)
    targets.push_back(tensor(value));
  // Yielded values are targets here, not sources: an operand that is one is computed again.
  auto source = [&](Value value) -> const KernelTensor * {
    return llvm::is_contained(values, value) ? nullptr : tensor(value);
  };
  ElementEmitter elements(b, values, targets, {}, source, /*merge=*/true);
  parallelLoops(elements.extents(), [&](ArrayRef<Value> coordinates) {
    elements.moveTo(coordinates);
    // All operands are read before the first result is stored, which may be in the place of one.
    for (Value value : values)
      elements.get(value);
    for (auto [index, target] : llvm::enumerate(targets)) {
      Value element = toStorage(b, elements.get(values[index]), target->type.getElementType());
      memref::StoreOp::create(b, element, target->memory, elements.rootPosition(index));
    }
  });
}

LogicalResult KernelEmitter::callLibrary(Operation *op) {
  SmallVector<Value> inputs, outputs;
  SmallVector<bool> present;
  SmallVector<int32_t> dtypes;
  auto addTensor = [&](Value value, SmallVectorImpl<Value> &list) -> LogicalResult {
    const KernelTensor *memory = tensor(value);
    if (!memory)
      return op->emitOpError("needs an operand or result in memory that is fused away");
    if (memory->pitch > 0)
      return op->emitOpError("cannot take or give a part of a buffer on this target");
    auto type = mem::bufferType(memory->type);
    SmallVector<Value> sizes;
    for (auto [dim, size] : llvm::enumerate(memory->dims))
      if (type.isDynamicDim(dim))
        sizes.push_back(toValue(b, size));
    list.push_back(mem::ViewOp::create(b, type, memory->memory, sizes));
    dtypes.push_back(nn::dtypeOf(memory->type.getElementType()));
    return success();
  };
  for (Value operand : nn::operandSlots(op)) {
    present.push_back(static_cast<bool>(operand));
    if (operand && failed(addTensor(operand, inputs)))
      return failure();
  }
  for (Value result : op->getResults())
    if (failed(addTensor(result, outputs)))
      return failure();
  nn::KernelAttributes attributes = nn::flattenAttributes(op);
  std::string symbol =
      ("pebble_kernel_" + nn::kernelName(op) + "_" + nn::dtypeName(dtypes.front())).str();
  auto call = mem::LibraryOp::create(b, b.getI32Type(), symbol, inputs, outputs, present, dtypes,
                                     attributes.ints, attributes.floats);
  addStatus(call.getStatus());
  return success();
}

void KernelEmitter::addStatus(Value next) {
  Value zero = arith::ConstantIntOp::create(b, 0, 32);
  Value ok = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, status, zero);
  status = arith::SelectOp::create(b, ok, next, status);
}

LogicalResult KernelEmitter::run() {
  Block &body = kernel.getBody().front();
  auto terminator = cast<func::ReturnOp>(body.getTerminator());
  results.assign(terminator.getOperands().begin(), terminator.getOperands().end());

  entryBlock = b.createBlock(&kernel.getBody(), kernel.getBody().begin());
  bindArguments(body, *entryBlock);

  bool onlyElementwise = true;
  for (Operation &op : body.without_terminator()) {
    if (isa<nn::ConstantOp>(op) || op.hasTrait<nn::ElementwiseOp>())
      continue;
    onlyElementwise = false;
    b.setLoc(op.getLoc());
    EmitKernelOp emit = findEmitter(&op);
    if (emit && emit(*this, &op))
      continue;
    if (onlyRow)
      return op.emitError("cannot be computed row by row on this target");
    if (failed(callLibrary(&op)))
      return failure();
  }
  if (onlyElementwise) {
    b.setLoc(kernel.getLoc());
    storeElementwise(results);
  }
  func::ReturnOp::create(b, status);
  body.erase();
  return success();
}
