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

ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

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

  /// `count` times `value` in the constant section.
  Value bytes(int64_t count, int64_t value) {
    return copies(count, b.getIntegerType(8, /*isSigned=*/false), static_cast<uint8_t>(value));
  }
  template <typename T> Value copies(int64_t count, Type element, T value) {
    OpBuilder before(op);
    auto type = RankedTensorType::get(count, element);
    std::vector<T> values(count, value);
    ArrayRef<char> raw(reinterpret_cast<const char *>(values.data()), values.size() * sizeof(T));
    return memory(nn::ConstantOp::create(before, op->getLoc(), type, nn::makeConstant(type, raw)));
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

  /// As below, for each of `outer` products.
  void inBatches(int64_t outer, OpFoldResult total, int64_t productsEach, int64_t step,
                 function_ref<void(Value number, Value begin, Value end)> body) {
    inParts(b.getIndexAttr(outer), total, productsEach, step, body);
  }

  /// Calls `body(begin, end)` over parts of [0, total), each a multiple of `step` and of at least
  /// `leastProducts` products. Threads share the parts.
  void inParts(OpFoldResult total, int64_t productsEach, int64_t step,
               function_ref<void(Value begin, Value end)> body) {
    inParts({}, total, productsEach, step,
            [&](Value, Value begin, Value end) { body(begin, end); });
  }

  /// The memory of an image layer's operand and result, and the output rows to compute.
  struct Rows {
    Value input, result, begin, end;
  };
  /// Calls `body` for parts of the output rows of all images; where only the run knows how many
  /// there are, for parts of one image each; or for the only row that the kernel computes.
  void inRows(Value input, Value result, int64_t products, function_ref<void(const Rows &)> body) {
    if (Value row = emitter.row()) {
      Value begin = word(row), end = arith::AddIOp::create(b, begin, word(1));
      ArrayRef<int64_t> shape = shapeOf(result);
      int64_t columns = emitter.columns().empty() ? shape[2] : emitter.columns()[3];
      // Where row 0 of the result would be.
      Value before = arith::MulIOp::create(b, begin, word(-columns * shape[3]));
      return body({memory(input), offset(memory(result), before), begin, end});
    }
    OpFoldResult batch = emitter.tensor(result)->dims.front();
    int64_t rows = shapeOf(result)[1];
    Value from = memory(input), to = memory(result);
    if (std::optional<int64_t> images = constantOf(batch)) {
      inParts({}, b.getIndexAttr(*images * rows), products, 1,
              [&](Value, Value begin, Value end) { body({from, to, begin, end}); });
      return;
    }
    inParts(batch, b.getIndexAttr(rows), products, 1, [&](Value image, Value begin, Value end) {
      body({offset(from, imageOffset(image, input)), offset(to, imageOffset(image, result)), begin,
            end});
    });
  }

private:
  Value imageOffset(Value image, Value tensor) {
    auto type = cast<RankedTensorType>(tensor.getType());
    int64_t bytes = type.getElementTypeBitWidth() / 8;
    for (int64_t size : type.getShape().drop_front())
      bytes *= size;
    return arith::MulIOp::create(b, image, word(bytes));
  }

  void inParts(OpFoldResult outer, OpFoldResult total, int64_t productsEach, int64_t step,
               function_ref<void(Value outer, Value begin, Value end)> body) {
    int64_t part = llvm::divideCeil(leastProducts, std::max<int64_t>(productsEach, 1));
    part = llvm::alignTo(part, step);
    std::optional<int64_t> known = constantOf(total);
    if (known)
      part = std::min(part, *known);
    auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value); };
    OpFoldResult parts;
    if (known) {
      parts = b.getIndexAttr(llvm::divideCeil(*known, part));
    } else {
      Value most = arith::AddIOp::create(b, toValue(b, total), index(part - 1));
      parts = arith::DivUIOp::create(b, most, index(part)).getResult();
    }
    SmallVector<OpFoldResult> extents;
    if (outer)
      extents.push_back(outer);
    extents.push_back(parts);
    emitter.parallelLoops(
        extents,
        [&](ArrayRef<Value> at) {
          Value begin = arith::MulIOp::create(b, word(at.back()), word(part));
          Value end = arith::AddIOp::create(b, begin, word(part));
          if (!known || *known % part != 0)
            end = arith::MinSIOp::create(b, end, word(toValue(b, total)));
          body(outer ? word(at.front()) : Value(), begin, end);
        },
        part * productsEach);
  }

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

bool isStatic(Operation *op) {
  return llvm::all_of(op->getOperandTypes(),
                      [](Type type) { return cast<RankedTensorType>(type).hasStaticShape(); }) &&
         cast<RankedTensorType>(op->getResult(0).getType()).hasStaticShape() &&
         cast<RankedTensorType>(op->getResult(0).getType()).getNumElements() > 0;
}

/// Whether all dims of the images are known, but perhaps how many there are.
bool hasStaticImages(Value input, Value result) {
  return llvm::all_of(
             llvm::concat<const int64_t>(shapeOf(input).drop_front(), shapeOf(result).drop_front()),
             [](int64_t size) { return size > 0; }) &&
         shapeOf(input)[0] != 0;
}

/// The fields of pebble_x86_window.
SmallVector<int64_t> windowOf(ArrayRef<int64_t> input, ArrayRef<int64_t> result,
                              ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                              ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads) {
  // Images whose number only the run knows are computed one at a time.
  int64_t batch = ShapedType::isDynamic(input[0]) ? 1 : input[0];
  return {batch,      input[1],     input[2],     input[3],  input[3],  result[1],
          result[2],  result[3],    result[3],    kernel[0], kernel[1], strides[0],
          strides[1], dilations[0], dilations[1], pads[0],   pads[1],   0};
}

/// The same, on the rows and columns of the operand that its memory holds, and with the pitches of
/// both.
SmallVector<int64_t> heldWindowOf(KernelEmitter &emitter, Value input, Value result,
                                  ArrayRef<int64_t> kernel, ArrayRef<int64_t> strides,
                                  ArrayRef<int64_t> dilations, ArrayRef<int64_t> pads) {
  SmallVector<int64_t> from(shapeOf(input)), to(shapeOf(result)), padded(pads);
  if (ArrayRef<int64_t> columns = emitter.columns(); !columns.empty()) {
    from[2] = columns[1];
    to[2] = columns[3];
    padded[1] += columns[0] - columns[2] * strides[1];
  }
  SmallVector<int64_t> window = windowOf(from, to, kernel, strides, dilations, padded);
  window[4] = emitter.tensor(input)->runStep();
  window[8] = emitter.tensor(result)->runStep();
  window.back() = emitter.ringRows();
  return window;
}

bool isZero(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 0; });
}
bool isOne(ArrayRef<int64_t> values) {
  return llvm::all_of(values, [](int64_t value) { return value == 1; });
}

/// What the two kinds of convolution with packed weights share.
struct PackedConv {
  Value input, weight, bias, multiplier, result;
  ArrayRef<int64_t> kernel, strides, dilations, pads;
  int64_t group = 1, runs = 1;
  Value weightZeroPoint; ///< Or null.
  Value codes;           ///< Of weights of half a byte, or null.
  int64_t zeroPoint = 0, low = 0, high = 0;
  StringRef output; ///< What the microkernel gives: "", "_i32" or "_f32".

  /// What ops of both kinds have.
  template <typename OpTy> static PackedConv of(OpTy op) {
    PackedConv conv;
    conv.input = op.getInput();
    conv.weight = op.getWeight();
    conv.bias = op.getBias();
    conv.multiplier = op.getMultiplier();
    conv.result = op.getResult();
    conv.kernel = op.getKernelShape();
    conv.strides = op.getStrides();
    conv.dilations = op.getDilations();
    conv.pads = op.getPads();
    conv.group = op.getGroup();
    conv.runs = op.getRuns();
    return conv;
  }
  bool isProduct() const { return group == 1 && isOne(kernel) && isOne(strides) && isZero(pads); }
};

/// Makes a call of the microkernel; `padding` gives the input's zero point for each channel.
bool emitPacked(KernelEmitter &emitter, Operation *op, const PackedConv &c,
                function_ref<Value(ByteCall &, int64_t channels)> padding) {
  ByteCall call(emitter, op);
  ImplicitLocOpBuilder &b = emitter.builder();
  ArrayRef<int64_t> input = shapeOf(c.input), result = shapeOf(c.result);
  std::string suffix = ((c.codes ? "4" : "") + c.output).str();
  // What both kinds of call have from the weights on.
  auto addWeights = [&](SmallVector<Value> &arguments) {
    arguments.push_back(call.memory(c.weight));
    if (c.codes)
      arguments.push_back(call.memory(c.codes));
    Value zero = c.weightZeroPoint ? call.memory(c.weightZeroPoint) : call.null();
    arguments.append({call.memory(c.bias), call.memory(c.multiplier), zero});
  };
  auto addRange = [&](SmallVector<Value> &arguments) {
    arguments.append({call.number(c.zeroPoint), call.number(c.low), call.number(c.high)});
  };
  if (c.isProduct()) {
    StringRef symbol = emitter.options().microkernel("gemm" + suffix);
    if (symbol.empty() || input[3] <= 0 || result[3] <= 0)
      return false;
    // One pixel in, one out.
    const KernelTensor *tensor = emitter.tensor(c.result);
    OpFoldResult rows = multiply(b, multiply(b, tensor->dims[0], tensor->dims[1]), tensor->dims[2]);
    if (constantOf(rows) == 0)
      return false;
    int64_t columns = result[3], depth = input[3];
    int64_t inputStep = emitter.tensor(c.input)->runStep(), resultStep = tensor->runStep();
    int64_t rowBytes = resultStep * (c.output.empty() ? 1 : 4);
    call.inParts(rows, columns * depth, 32, [&](Value begin, Value end) {
      auto rowOf = [&](Value memory, int64_t bytes) {
        return call.offset(memory, arith::MulIOp::create(b, begin, call.word(bytes)));
      };
      SmallVector<Value> arguments = {rowOf(call.memory(c.input), inputStep), call.word(inputStep)};
      addWeights(arguments);
      arguments.append({rowOf(call.memory(c.result), rowBytes), call.word(resultStep),
                        arith::SubIOp::create(b, end, begin), call.word(columns),
                        call.word(depth)});
      addRange(arguments);
      call.call(symbol, arguments);
    });
    return true;
  }
  StringRef symbol = emitter.options().microkernel("conv" + suffix);
  int64_t taps = c.kernel[0] * c.kernel[1], channels = input[3] / c.group;
  // A run is a tap or a row of the window; see pebble_x86_runs.
  bool isRowRun = c.runs != taps;
  if (symbol.empty() || !hasStaticImages(c.input, c.result) || (isRowRun && c.runs != c.kernel[0]))
    return false;
  Value zeros = isZero(c.pads) ? call.null() : padding(call, channels);
  Value window = call.table(
      heldWindowOf(emitter, c.input, c.result, c.kernel, c.strides, c.dilations, c.pads));
  call.inRows(c.input, c.result, result[2] * result[3] * taps * channels,
              [&](const ByteCall::Rows &rows) {
                SmallVector<Value> arguments = {window, call.word(c.group), call.word(isRowRun),
                                                rows.input, zeros};
                addWeights(arguments);
                arguments.push_back(rows.result);
                addRange(arguments);
                arguments.append({rows.begin, rows.end});
                call.call(symbol, arguments);
              });
  return true;
}

} // namespace

bool pebble::emitConvPacked(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::ConvPackedOp>(operation);
  PackedConv conv = PackedConv::of(op);
  conv.codes = op.getCodes();
  conv.zeroPoint = op.getZeroPoint();
  conv.low = op.getLow();
  conv.high = op.getHigh();
  return emitPacked(emitter, op, conv, [&](ByteCall &call, int64_t channels) {
    return call.bytes(channels, op.getInputZeroPoint());
  });
}

bool pebble::emitConvSums(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::ConvSumsOp>(operation);
  PackedConv conv = PackedConv::of(op);
  conv.weightZeroPoint = op.getWeightZeroPoint();
  conv.output = op.getTo().isF32() ? "_f32" : "_i32";
  return emitPacked(emitter, op, conv,
                    [&](ByteCall &call, int64_t) { return call.memory(op.getPadding()); });
}

bool pebble::emitProductBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::ProductBytesOp>(operation);
  StringRef symbol = emitter.options().microkernel("gemm");
  ArrayRef<int64_t> input = shapeOf(op.getInput()), packed = shapeOf(op.getPacked());
  ArrayRef<int64_t> result = shapeOf(op.getResult());
  int64_t depth = input.back(), columns = result.back(), padded = llvm::alignTo(columns, 16);
  ArrayRef<int64_t> left = input.drop_back(2), right = packed.drop_back(4);
  auto isKnown = [](int64_t size) { return size > 0; };
  if (symbol.empty() || !llvm::all_of(left, isKnown) || !llvm::all_of(right, isKnown) ||
      depth <= 0 || columns <= 0 || result[result.size() - 2] == 0)
    return false;
  bool isShared = isOne(right);
  if (!isShared && left != right)
    return false;
  ByteCall call(emitter, op);
  ImplicitLocOpBuilder &b = emitter.builder();
  int64_t matrices = ShapedType::getNumElements(left);
  OpFoldResult rows = emitter.tensor(op.getResult())->dims[result.size() - 2];
  Value height = call.word(toValue(b, rows));
  int64_t panel = padded * llvm::divideCeil(depth, 4) * 4, zero = op.getWeightZeroPoint();
  Value scale =
      call.copies(padded, b.getF32Type(), static_cast<float>(op.getMultiplier().convertToDouble()));
  Value zeros =
      zero ? call.copies(padded, b.getI32Type(), static_cast<int32_t>(zero)) : call.null();
  call.inBatches(matrices, rows, columns * depth, 32, [&](Value number, Value begin, Value end) {
    Value first = arith::AddIOp::create(b, arith::MulIOp::create(b, number, height), begin);
    auto at = [&](Value tensor, Value index, int64_t bytes) {
      return call.offset(call.memory(tensor), arith::MulIOp::create(b, index, call.word(bytes)));
    };
    Value matrix = isShared ? call.word(0) : number;
    call.call(symbol, {at(op.getInput(), first, depth), call.word(depth),
                       at(op.getPacked(), matrix, panel), at(op.getBias(), matrix, padded * 4),
                       scale, zeros, at(op.getResult(), first, columns), call.word(columns),
                       arith::SubIOp::create(b, end, begin), call.word(columns), call.word(depth),
                       call.number(op.getZeroPoint()), call.number(op.getLow()),
                       call.number(op.getHigh())});
  });
  return true;
}

bool pebble::emitDepthwisePacked(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::DepthwisePackedOp>(operation);
  StringRef symbol = emitter.options().microkernel("depthwise");
  if (symbol.empty() || !hasStaticImages(op.getInput(), op.getResult()))
    return false;
  ByteCall call(emitter, op);
  ArrayRef<int64_t> result = shapeOf(op.getResult());
  int64_t taps = op.getKernelShape()[0] * op.getKernelShape()[1];
  Value window =
      call.table(heldWindowOf(emitter, op.getInput(), op.getResult(), op.getKernelShape(),
                              op.getStrides(), op.getDilations(), op.getPads()));
  call.inRows(op.getInput(), op.getResult(), result[2] * result[3] * taps,
              [&](const ByteCall::Rows &rows) {
                call.call(symbol, {window, rows.input, call.number(op.getInputZeroPoint()),
                                   call.memory(op.getWeight()), call.memory(op.getBias()),
                                   call.memory(op.getMultiplier()), call.null(), rows.result,
                                   call.number(op.getZeroPoint()), call.number(op.getLow()),
                                   call.number(op.getHigh()), rows.begin, rows.end});
              });
  return true;
}

bool pebble::emitMaxBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::MaxBytesOp>(operation);
  StringRef symbol = emitter.options().microkernel("maxpool");
  if (symbol.empty() || !hasStaticImages(op.getInput(), op.getResult()))
    return false;
  ByteCall call(emitter, op);
  ArrayRef<int64_t> result = shapeOf(op.getResult());
  Value window =
      call.table(heldWindowOf(emitter, op.getInput(), op.getResult(), op.getKernelShape(),
                              op.getStrides(), op.getDilations(), op.getPads()));
  int64_t taps = op.getKernelShape()[0] * op.getKernelShape()[1];
  call.inRows(op.getInput(), op.getResult(), result[2] * result[3] * taps,
              [&](const ByteCall::Rows &rows) {
                call.call(symbol, {window, rows.input, rows.result, call.number(0),
                                   call.number(255), rows.begin, rows.end});
              });
  return true;
}

bool pebble::emitMeanBytes(KernelEmitter &emitter, Operation *operation) {
  auto op = cast<qnn::MeanBytesOp>(operation);
  StringRef symbol = emitter.options().microkernel("avgpool");
  if (symbol.empty() || !hasStaticImages(op.getInput(), op.getResult()))
    return false;
  ByteCall call(emitter, op);
  ArrayRef<int64_t> input = shapeOf(op.getInput()), result = shapeOf(op.getResult());
  Value window =
      call.table(windowOf(input, result, {input[1], input[2]}, {1, 1}, {1, 1}, {0, 0, 0, 0}));
  call.inRows(op.getInput(), op.getResult(), input[1] * input[2] * input[3],
              [&](const ByteCall::Rows &rows) {
                call.call(symbol,
                          {window, rows.input, rows.result, call.number(op.getInputZeroPoint()),
                           call.real(op.getInputScale().convertToDouble()),
                           call.real(op.getResultScale().convertToDouble()), call.word(0),
                           call.number(op.getZeroPoint()), call.number(op.getLow()),
                           call.number(op.getHigh()), rows.begin, rows.end});
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
  call.inParts(b.getIndexAttr(count), 1, 64, [&](Value begin, Value end) {
    call.call(symbol, {call.offset(call.memory(op.getInput()), begin), call.memory(op.getTable()),
                       call.offset(call.memory(op.getResult()), begin),
                       arith::SubIOp::create(b, end, begin)});
  });
  return true;
}
