// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers on u8 codes by the target's microkernels: targets/x86/kernels/Abi.h says how those are
// called.

#include "passes/lower/emitters/Emitters.h"

#include "dialects/nn/Constants.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace pebble;

namespace {

/// Products that one call should compute at least: less is not worth the call.
constexpr int64_t leastProducts = 1 << 19;

/// Builds calls of microkernels from one kernel.
class ByteCall {
public:
  ByteCall(KernelEmitter &emitter, Operation *op)
      : emitter(emitter), b(emitter.builder()), op(op),
        pointer(LLVM::LLVMPointerType::get(b.getContext())) {}

  Value memory(Value tensor) {
    Value address =
        memref::ExtractAlignedPointerAsIndexOp::create(b, emitter.tensor(tensor)->memory);
    return LLVM::IntToPtrOp::create(b, pointer, word(address));
  }
  Value null() { return LLVM::ZeroOp::create(b, pointer); }
  Value word(int64_t value) { return arith::ConstantIntOp::create(b, value, 64); }
  Value word(Value index) { return arith::IndexCastOp::create(b, b.getI64Type(), index); }
  Value number(int64_t value) { return arith::ConstantIntOp::create(b, value, 32); }
  Value real(double value) {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(value)));
  }
  Value offset(Value base, Value bytes) {
    return LLVM::GEPOp::create(b, pointer, b.getI8Type(), base, ArrayRef<LLVM::GEPArg>{bytes});
  }

  /// A read-only table of words.
  Value table(ArrayRef<int64_t> values) {
    auto module = kernel()->getParentOfType<ModuleOp>();
    std::string name;
    for (unsigned number = 0; name.empty() || module.lookupSymbol(name); ++number)
      name = "pebble_window_" + std::to_string(number);
    auto type = LLVM::LLVMArrayType::get(b.getI64Type(), values.size());
    auto shape = RankedTensorType::get(static_cast<int64_t>(values.size()), b.getI64Type());
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(module.getBody());
      auto global = LLVM::GlobalOp::create(b, type, /*isConstant=*/true, LLVM::Linkage::Internal,
                                           name, DenseElementsAttr::get(shape, values));
      global.setUnnamedAddr(LLVM::UnnamedAddr::Global);
    }
    return LLVM::AddressOfOp::create(b, pointer, name);
  }

  /// `count` bytes of `value` in the constant section.
  Value bytes(int64_t count, int64_t value) {
    OpBuilder before(op);
    auto type = RankedTensorType::get(count, b.getIntegerType(8, /*isSigned=*/false));
    SmallVector<char> codes(count, static_cast<char>(value));
    return memory(
        nn::ConstantOp::create(before, op->getLoc(), type, nn::makeConstant(type, codes)));
  }

  void call(StringRef symbol, ArrayRef<Value> arguments) {
    auto module = kernel()->getParentOfType<ModuleOp>();
    SmallVector<Type> types(ValueRange(arguments).getTypes());
    if (!module.lookupSymbol(symbol)) {
      OpBuilder top = OpBuilder::atBlockEnd(module.getBody());
      func::FuncOp::create(top, module.getLoc(), symbol, top.getFunctionType(types, {}))
          .setPrivate();
    }
    func::CallOp::create(b, symbol, TypeRange(), arguments);
  }

  /// Calls `body(begin, end)` over parts of [0, total), each a multiple of `step` and of at least
  /// `leastProducts` products. Threads share the parts.
  void inParts(int64_t total, int64_t productsEach, int64_t step,
               function_ref<void(Value begin, Value end)> body) {
    int64_t part = llvm::divideCeil(leastProducts, std::max<int64_t>(productsEach, 1));
    part = std::min<int64_t>(llvm::alignTo(part, step), total);
    int64_t parts = llvm::divideCeil(total, part);
    emitter.parallelLoops(
        {b.getIndexAttr(parts)},
        [&](ArrayRef<Value> at) {
          Value begin = arith::MulIOp::create(b, word(at[0]), word(part));
          Value end = arith::AddIOp::create(b, begin, word(part));
          if (total % part != 0)
            end = arith::MinSIOp::create(b, end, word(total));
          body(begin, end);
        },
        part * productsEach);
  }

private:
  func::FuncOp kernel() {
    Operation *parent = b.getInsertionBlock()->getParentOp();
    auto function = dyn_cast<func::FuncOp>(parent);
    return function ? function : parent->getParentOfType<func::FuncOp>();
  }

  KernelEmitter &emitter;
  ImplicitLocOpBuilder &b;
  Operation *op;
  Type pointer;
};

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

bool isStatic(Operation *op) {
  return llvm::all_of(op->getOperandTypes(),
                      [](Type type) { return cast<RankedTensorType>(type).hasStaticShape(); }) &&
         cast<RankedTensorType>(op->getResult(0).getType()).hasStaticShape() &&
         cast<RankedTensorType>(op->getResult(0).getType()).getNumElements() > 0;
}

/// The fields of pebble_x86_window.
SmallVector<int64_t> windowOf(ArrayRef<int64_t> input, ArrayRef<int64_t> result,
                              ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                              ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads) {
  return {input[0],   input[1],     input[2],     input[3],  input[3],  result[1],
          result[2],  result[3],    result[3],    kernel[0], kernel[1], strides[0],
          strides[1], dilations[0], dilations[1], pads[0],   pads[1]};
}

bool isZero(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 0; });
}
bool isOne(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

/// A convolution that is a product of matrices: one pixel in, one out.
bool emitGemm(KernelEmitter &emitter, qnn::ConvPackedOp op) {
  StringRef symbol = emitter.options().microkernel("gemm");
  if (symbol.empty() || op.getGroup() != 1 || !isOne(op.getKernelShape()) ||
      !isOne(op.getStrides()) || !isZero(op.getPads()))
    return false;
  ByteCall call(emitter, op);
  ImplicitLocOpBuilder &b = emitter.builder();
  ArrayRef<int64_t> result = shapeOf(op.getResult());
  int64_t rows = result[0] * result[1] * result[2], columns = result[3];
  int64_t depth = shapeOf(op.getInput())[3];
  call.inParts(rows, columns * depth, 32, [&](Value begin, Value end) {
    Value input =
        call.offset(call.memory(op.getInput()), arith::MulIOp::create(b, begin, call.word(depth)));
    Value output = call.offset(call.memory(op.getResult()),
                               arith::MulIOp::create(b, begin, call.word(columns)));
    call.call(symbol, {input, call.word(depth), call.memory(op.getWeight()),
                       call.memory(op.getBias()), call.memory(op.getMultiplier()), call.null(),
                       output, call.word(columns), arith::SubIOp::create(b, end, begin),
                       call.word(columns), call.word(depth), call.number(op.getZeroPoint()),
                       call.number(op.getLow()), call.number(op.getHigh())});
  });
  return true;
}

} // namespace

bool pebble::emitConvPacked(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::ConvPackedOp>(operation);
  StringRef symbol = emitter.options().microkernel("conv");
  if (!isStatic(op) || symbol.empty())
    return false;
  if (emitGemm(emitter, op))
    return true;
  ByteCall call(emitter, op);
  ArrayRef<int64_t> input = shapeOf(op.getInput()), result = shapeOf(op.getResult());
  int64_t taps = op.getKernelShape()[0] * op.getKernelShape()[1];
  int64_t channels = input[3] / op.getGroup(), products = taps * channels;
  // A run of the whole window; see pebble_x86_runs.
  bool isWindowRun = op.getRuns() == 1 && taps > 1;
  Value padding = isZero(op.getPads()) ? call.null() : call.bytes(channels, op.getInputZeroPoint());
  Value window = call.table(windowOf(input, result, op.getKernelShape(), op.getStrides(),
                                     op.getDilations(), op.getPads()));
  call.inParts(
      result[0] * result[1], result[2] * result[3] * products, 1, [&](Value begin, Value end) {
        call.call(symbol, {window, call.word(op.getGroup()), call.word(isWindowRun),
                           call.memory(op.getInput()), padding, call.memory(op.getWeight()),
                           call.memory(op.getBias()), call.memory(op.getMultiplier()), call.null(),
                           call.memory(op.getResult()), call.number(op.getZeroPoint()),
                           call.number(op.getLow()), call.number(op.getHigh()), begin, end});
      });
  return true;
}

bool pebble::emitDepthwisePacked(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::DepthwisePackedOp>(operation);
  StringRef symbol = emitter.options().microkernel("depthwise");
  if (!isStatic(op) || symbol.empty())
    return false;
  ByteCall call(emitter, op);
  ArrayRef<int64_t> input = shapeOf(op.getInput()), result = shapeOf(op.getResult());
  int64_t taps = op.getKernelShape()[0] * op.getKernelShape()[1];
  Value window = call.table(windowOf(input, result, op.getKernelShape(), op.getStrides(),
                                     op.getDilations(), op.getPads()));
  call.inParts(result[0] * result[1], result[2] * result[3] * taps, 1, [&](Value begin, Value end) {
    call.call(symbol, {window, call.memory(op.getInput()), call.number(op.getInputZeroPoint()),
                       call.memory(op.getWeight()), call.memory(op.getBias()),
                       call.memory(op.getMultiplier()), call.null(), call.memory(op.getResult()),
                       call.number(op.getZeroPoint()), call.number(op.getLow()),
                       call.number(op.getHigh()), begin, end});
  });
  return true;
}

bool pebble::emitMaxBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::MaxBytesOp>(operation);
  StringRef symbol = emitter.options().microkernel("maxpool");
  if (!isStatic(op) || symbol.empty())
    return false;
  ByteCall call(emitter, op);
  ArrayRef<int64_t> input = shapeOf(op.getInput()), result = shapeOf(op.getResult());
  Value window = call.table(windowOf(input, result, op.getKernelShape(), op.getStrides(),
                                     op.getDilations(), op.getPads()));
  int64_t taps = op.getKernelShape()[0] * op.getKernelShape()[1];
  call.inParts(result[0] * result[1], result[2] * result[3] * taps, 1, [&](Value begin, Value end) {
    call.call(symbol, {window, call.memory(op.getInput()), call.memory(op.getResult()),
                       call.number(0), call.number(255), begin, end});
  });
  return true;
}

bool pebble::emitMeanBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::MeanBytesOp>(operation);
  StringRef symbol = emitter.options().microkernel("avgpool");
  if (!isStatic(op) || symbol.empty())
    return false;
  ByteCall call(emitter, op);
  ArrayRef<int64_t> input = shapeOf(op.getInput()), result = shapeOf(op.getResult());
  Value window =
      call.table(windowOf(input, result, {input[1], input[2]}, {1, 1}, {1, 1}, {0, 0, 0, 0}));
  call.inParts(result[0], input[1] * input[2] * input[3], 1, [&](Value begin, Value end) {
    call.call(symbol,
              {window, call.memory(op.getInput()), call.memory(op.getResult()),
               call.number(op.getInputZeroPoint()), call.real(op.getInputScale().convertToDouble()),
               call.real(op.getResultScale().convertToDouble()), call.word(0),
               call.number(op.getZeroPoint()), call.number(op.getLow()), call.number(op.getHigh()),
               begin, end});
  });
  return true;
}

bool pebble::emitLookupBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::LookupBytesOp>(operation);
  StringRef symbol = emitter.options().microkernel("lookup");
  if (!isStatic(op) || symbol.empty())
    return false;
  ByteCall call(emitter, op);
  ImplicitLocOpBuilder &b = emitter.builder();
  int64_t count = cast<RankedTensorType>(op.getType()).getNumElements();
  call.inParts(count, 1, 64, [&](Value begin, Value end) {
    call.call(symbol, {call.offset(call.memory(op.getInput()), begin), call.memory(op.getTable()),
                       call.offset(call.memory(op.getResult()), begin),
                       arith::SubIOp::create(b, end, begin)});
  });
  return true;
}

bool pebble::emitAddBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::AddBytesOp>(operation);
  ArrayRef<int64_t> shape = shapeOf(op.getResult());
  if (!emitter.options().fusedMultiplyAdd || !isStatic(op) || op.getSingle() != 0 ||
      shapeOf(op.getLhs()) != shape || shapeOf(op.getRhs()) != shape)
    return false;
  ImplicitLocOpBuilder &b = emitter.builder();
  Type f32 = b.getF32Type(), i32 = b.getI32Type(), i8 = b.getI8Type();
  auto real = [&](double value) -> Value {
    return arith::ConstantOp::create(b, b.getF32FloatAttr(static_cast<float>(value)));
  };
  auto code = [&](Value tensor, Value at, int64_t offset) -> Value {
    Value byte = memref::LoadOp::create(b, emitter.tensor(tensor)->memory, at);
    Value wide = arith::ExtUIOp::create(b, i32, byte);
    wide = arith::SubIOp::create(b, wide, arith::ConstantIntOp::create(b, offset, 32));
    return arith::SIToFPOp::create(b, f32, wide);
  };
  int64_t count = cast<RankedTensorType>(op.getType()).getNumElements();
  int64_t offset = op.getOffset();
  emitter.parallelLoops({b.getIndexAttr(count)}, [&](ArrayRef<Value> at) {
    Value sum = math::FmaOp::create(b, code(op.getRhs(), at[0], op.getRhsOffset()),
                                    real(op.getRhsRatio().convertToDouble()),
                                    real(op.getBase().convertToDouble()));
    sum = math::FmaOp::create(b, code(op.getLhs(), at[0], op.getLhsOffset()),
                              real(op.getLhsRatio().convertToDouble()), sum);
    sum = arith::MaxNumFOp::create(b, sum, real(static_cast<double>(op.getLow()) - offset));
    sum = arith::MinNumFOp::create(b, sum, real(static_cast<double>(op.getHigh()) - offset));
    Value rounded = arith::FPToSIOp::create(b, i32, math::RoundEvenOp::create(b, sum));
    rounded = arith::AddIOp::create(b, rounded, arith::ConstantIntOp::create(b, offset, 32));
    memref::StoreOp::create(b, arith::TruncIOp::create(b, i8, rounded),
                            emitter.tensor(op.getResult())->memory, at[0]);
  });
  return true;
}
