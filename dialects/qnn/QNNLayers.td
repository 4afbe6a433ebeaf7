// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layers on quantized tensors.
#ifndef PEBBLE_DIALECTS_QNN_QNNLAYERS
#define PEBBLE_DIALECTS_QNN_QNNLAYERS

include "dialects/qnn/QNNDialect.td"

class QNN_Op<string mnemonic, list<Trait> traits = []>
    : Op<QNN_Dialect, mnemonic, traits # [Pure]> {
  let hasVerifier = 1;
}

//===-- between numbers and codes -----------------------------------------===//

def QNN_QuantizeOp : QNN_Op<"quantize", [SameOperandsAndResultShape]> {
  let summary = "numbers to codes: round(x / scale) + zero point, saturated";
  let description = [{
    The division is f32's, rounding is to nearest with ties to even.
    ```mlir
    %q = qnn.quantize %x : tensor<4xf32> -> tensor<4x!quant.uniform<u8:f32, 5.0e-01:128>>
    ```
  }];
  let arguments = (ins QNN_Float:$input);
  let results = (outs QNN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def QNN_DequantizeOp : QNN_Op<"dequantize", [SameOperandsAndResultShape]> {
  let summary = "codes to numbers: (q - zero point) * scale";
  let description = [{
    The difference is exact, the product f32's.
    ```mlir
    %x = qnn.dequantize %q : tensor<4x!quant.uniform<u8:f32, 5.0e-01:128>> -> tensor<4xf32>
    ```
  }];
  let arguments = (ins QNN_Tensor:$input);
  let results = (outs QNN_Float:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
}

def QNN_StorageCastOp : QNN_Op<"storage_cast", [SameOperandsAndResultShape]> {
  let summary = "the same codes with or without their meaning";
  let description = [{
    Goes between a quantized tensor and its codes: `i8` for signed storage of up to 8 bits, `ui8`
    for unsigned, then `i16`, `ui16` and `i32`. Codes must lie in the storage's range.
    ```mlir
    %q = qnn.storage_cast %c : tensor<4xui8> -> tensor<4x!quant.uniform<u8:f32, 5.0e-01:128>>
    ```
  }];
  let arguments = (ins AnyTypeOf<[QNN_Tensor, QNN_Codes]>:$input);
  let results = (outs AnyTypeOf<[QNN_Tensor, QNN_Codes]>:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

def QNN_RequantizeOp : QNN_Op<"requantize", [SameOperandsAndResultShape]> {
  let summary = "codes for the same numbers with another scale, zero point or storage";
  let description = [{
    `quantize(dequantize(x))`.
    ```mlir
    %r = qnn.requantize %q : tensor<4x!quant.uniform<u8:f32, 5.0e-01:128>>
        -> tensor<4x!quant.uniform<i8:f32, 2.5e-01>>
    ```
  }];
  let arguments = (ins QNN_Activation:$input);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

//===-- contractions ------------------------------------------------------===//

def QNN_ConvOp : QNN_Op<"conv"> {
  let summary = "convolution; one multiply an output channel takes the exact sum to codes";
  let description = [{
    As `nn.conv`, in integers: the sum of `(x - zero_x) * (w - zero_w)` and the bias is exact in
    i32, is multiplied by `scale_x * scale_w / scale_result`, rounded, and saturated. Weights have
    one scale for all or one for each output channel (axis 0); the bias's scale is
    `scale_x * scale_w`. `low` and `high`, if given, are codes that the result is clamped to: an
    activation that followed.
    ```mlir
    %y = qnn.conv %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
        pads = array<i64: 0, 0, 0, 0>, group = 1 : i64, auto_pad = 0 : i64}
        : (tensor<1x3x8x8x!quant.uniform<u8:f32, 5.0e-01:128>>,
           tensor<4x3x3x3x!quant.uniform<i8:f32, 2.5e-01>>)
        -> tensor<1x4x6x6x!quant.uniform<u8:f32, 1.0>>
    ```
  }];
  let arguments = (ins QNN_Activation:$input, QNN_Tensor:$weight, Optional<QNN_Tensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group, NN_AutoPad:$auto_pad,
                       OptionalAttr<I64Attr>:$low, OptionalAttr<I64Attr>:$high);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def QNN_MatMulOp : QNN_Op<"matmul"> {
  let summary = "product with a constant matrix";
  let description = [{
    `input` is [..., K] and `weight` [K, N]; a weight scale for each column has axis 1. Otherwise as
    `qnn.conv`.
    ```mlir
    %y = qnn.matmul %x, %w : (tensor<2x3x!quant.uniform<i8:f32, 5.0e-01>>,
        tensor<3x4x!quant.uniform<i8:f32, 2.5e-01>>) -> tensor<2x4x!quant.uniform<i8:f32, 1.0:7>>
    ```
  }];
  let arguments = (ins QNN_Activation:$input, QNN_Tensor:$weight, Optional<QNN_Tensor>:$bias,
                       OptionalAttr<I64Attr>:$low, OptionalAttr<I64Attr>:$high);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def QNN_BatchMatMulOp : QNN_Op<"batch_matmul"> {
  let summary = "product of two activations";
  let description = [{
    As NumPy's matmul, for operands of two dims or more. The sum of
    `(a - zero_a) * (b - zero_b)` is exact in i32; the rest is as in `qnn.conv`.
    ```mlir
    %y = qnn.batch_matmul %a, %b : (tensor<2x3x4x!quant.uniform<u8:f32, 5.0e-01:7>>,
        tensor<2x4x5x!quant.uniform<i8:f32, 2.5e-01>>) -> tensor<2x3x5x!quant.uniform<i8:f32, 1.0:7>>
    ```
  }];
  let arguments = (ins QNN_Activation:$lhs, QNN_Activation:$rhs, OptionalAttr<I64Attr>:$low,
                       OptionalAttr<I64Attr>:$high);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

//===-- elementwise -------------------------------------------------------===//

class QNN_Binary<string mnemonic, string what> : QNN_Op<mnemonic> {
  let summary = what # ", with a scale for each operand and the result";
  let description = "Operands broadcast as in NumPy. `low` and `high` as in `qnn.conv`.\n"
      # "```mlir\n%r = qnn." # mnemonic # " %a, %b : (tensor<4x!quant.uniform<u8:f32, 5.0e-01:128>>,\n"
      # "    tensor<4x!quant.uniform<u8:f32, 2.5e-01>>) -> tensor<4x!quant.uniform<u8:f32, 1.0>>\n```\n";
  let arguments = (ins QNN_Activation:$lhs, QNN_Activation:$rhs, OptionalAttr<I64Attr>:$low,
                       OptionalAttr<I64Attr>:$high);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}
def QNN_AddOp : QNN_Binary<"add", "sum">;
def QNN_MulOp : QNN_Binary<"mul", "product">;

def QNN_LookupOp : QNN_Op<"lookup"> {
  let summary = "any function of one code, as a table";
  let description = [{
    `table` holds the result's code for each of the input's codes, from the lowest of its storage
    on: 2^bits entries.
    ```mlir
    %r = qnn.lookup %x, %t : (tensor<4x!quant.uniform<u8:f32, 5.0e-01:128>>, tensor<256xui8>)
        -> tensor<4x!quant.uniform<u8:f32, 3.90625e-03>>
    ```
  }];
  let arguments = (ins QNN_Activation:$input, QNN_Codes:$table);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$input `,` $table attr-dict `:` functional-type(operands, results)";
}

//===-- windows and reductions --------------------------------------------===//

def QNN_AvgPoolOp : QNN_Op<"avg_pool"> {
  let summary = "average pool";
  let description = [{
    As `nn.avg_pool` on the dequantized values, in f32. A pool of codes by maximum needs no op of
    its own: it is `nn.max_pool` on the codes.
    ```mlir
    %r = qnn.avg_pool %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
        dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, ceil_mode = false,
        auto_pad = 0 : i64, count_include_pad = false}
        : (tensor<1x3x8x8x!quant.uniform<u8:f32, 5.0e-01:128>>)
        -> tensor<1x3x4x4x!quant.uniform<u8:f32, 5.0e-01:128>>
    ```
  }];
  let arguments = (ins QNN_Activation:$input, DenseI64ArrayAttr:$kernel_shape,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, BoolAttr:$ceil_mode, NN_AutoPad:$auto_pad,
                       BoolAttr:$count_include_pad, OptionalAttr<I64Attr>:$low,
                       OptionalAttr<I64Attr>:$high);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def QNN_GlobalAvgPoolOp : QNN_Op<"global_avg_pool"> {
  let summary = "mean over all dims after N and C, which stay as 1";
  let description = [{
    The sum of `x - zero_x` is exact in i32 and is multiplied once, by
    `scale_x / (scale_result * count)`.
    ```mlir
    %r = qnn.global_avg_pool %x : (tensor<1x3x8x8x!quant.uniform<u8:f32, 5.0e-01:128>>)
        -> tensor<1x3x1x1x!quant.uniform<u8:f32, 5.0e-01:128>>
    ```
  }];
  let arguments = (ins QNN_Activation:$input, OptionalAttr<I64Attr>:$low,
                       OptionalAttr<I64Attr>:$high);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def QNN_SoftmaxOp : QNN_Op<"softmax", [SameOperandsAndResultShape]> {
  let summary = "softmax along `axis` (>= 0) by a table of exponentials";
  let description = [{
    ```mlir
    %r = qnn.softmax %x {axis = 1 : i64} : (tensor<2x10x!quant.uniform<u8:f32, 5.0e-01:128>>)
        -> tensor<2x10x!quant.uniform<u8:f32, 3.90625e-03>>
    ```
  }];
  let arguments = (ins QNN_Activation:$input, I64Attr:$axis);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def QNN_ConcatOp : QNN_Op<"concat"> {
  let summary = "joins tensors along `axis` (>= 0), requantizing each to the result's type";
  let description = [{
    ```mlir
    %r = qnn.concat %a, %b {axis = 0 : i64} : (tensor<4x!quant.uniform<u8:f32, 5.0e-01:128>>,
        tensor<4x!quant.uniform<u8:f32, 2.5e-01>>) -> tensor<8x!quant.uniform<u8:f32, 5.0e-01:64>>
    ```
  }];
  let arguments = (ins Variadic<QNN_Activation>:$inputs, I64Attr:$axis);
  let results = (outs QNN_Activation:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
}

#endif // PEBBLE_DIALECTS_QNN_QNNLAYERS
