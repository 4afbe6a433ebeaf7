// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Channels-last kernels on u8 codes.
#ifndef PEBBLE_DIALECTS_QNN_QNNKERNELS
#define PEBBLE_DIALECTS_QNN_QNNKERNELS

include "dialects/qnn/QNNDialect.td"

def QNN_Bytes : RankedTensorOf<[UI8]>;

class QNN_KernelOp<string mnemonic> : NN_LibraryOp<QNN_Dialect, mnemonic, [], []> {
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
  let results = (outs QNN_Bytes:$result);
}

def QNN_ConvPackedOp : QNN_KernelOp<"conv_packed"> {
  let summary = "2-D convolution with packed weights";
  let description = [{
    `input` is [N, H, W, C]; `channels` is O, the output channels of all groups together. The
    reduction goes over kernel rows, columns and channels in this order and is cut into `runs` equal
    parts, each filled up with zeros to a multiple of 4. `weight` is
    [group, ceil(O / group / 16), padded reduction / 4, 16, 4]; what does not exist is 0. `bias` and
    `multiplier` have group * ceil(O / group / 16) * 16 elements. The bias holds
    `-zero_x * sum(w)`, so that a padded input reads as `input_zero_point`. A result is
    `round(sum * multiplier) + zero_point`, clamped to [low, high]. With `codes`, the 16 weights that
    4 bits stand for, two weights share a byte, which is `ui8`, and
    runs are filled up to a multiple of 8: `weight` is
    [group, ceil(O / group / 16), padded reduction / 8, 16, 4], the low halves for the first of two
    groups of 4 steps.
    ```mlir
    %y = qnn.conv_packed %x, %w, %b, %m {kernel_shape = array<i64: 1, 1>,
        strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
        group = 1 : i64, channels = 20 : i64, runs = 1 : i64, input_zero_point = 128 : i64, zero_point = 0 : i64,
        low = 0 : i64, high = 255 : i64}
        : (tensor<1x8x8x6xui8>, tensor<1x2x2x16x4xi8>, tensor<32xi32>, tensor<32xf32>)
        -> tensor<1x8x8x20xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$input, RankedTensorOf<[I8, UI8]>:$weight,
                       RankedTensorOf<[I32]>:$bias, RankedTensorOf<[F32]>:$multiplier,
                       Optional<RankedTensorOf<[I8]>>:$codes, DenseI64ArrayAttr:$kernel_shape,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group, I64Attr:$channels,
                       I64Attr:$runs, I64Attr:$input_zero_point, I64Attr:$zero_point, I64Attr:$low, I64Attr:$high);
}

def QNN_ConvSumsOp : NN_LibraryOp<QNN_Dialect, "conv_sums", [], []> {
  let summary = "2-D convolution with packed weights that gives sums";
  let description = [{
    As `qnn.conv_packed`, for scales and zero points that only the run knows. `to` is `i32` for the
    sums themselves or `f32` for sums times `multiplier`. `padding` is the input's zero point, once
    for each channel of a group; one element is enough where no window leaves the input. With a
    `weight_zero_point`, as many as there are in `bias`, that times the sum of the inputs under the
    window is taken off.
    ```mlir
    %y = qnn.conv_sums %x, %w, %b, %m, %z {kernel_shape = array<i64: 1, 1>,
        strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>,
        group = 1 : i64, channels = 20 : i64, runs = 1 : i64, to = f32}
        : (tensor<1x8x8x6xui8>, tensor<1x2x2x16x4xi8>, tensor<32xi32>, tensor<32xf32>, tensor<1xui8>)
        -> tensor<1x8x8x20xf32>
    ```
  }];
  let arguments = (ins QNN_Bytes:$input, RankedTensorOf<[I8]>:$weight, RankedTensorOf<[I32]>:$bias,
                       RankedTensorOf<[F32]>:$multiplier, QNN_Bytes:$padding,
                       Optional<RankedTensorOf<[I32]>>:$weight_zero_point,
                       DenseI64ArrayAttr:$kernel_shape, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, I64Attr:$group,
                       I64Attr:$channels, I64Attr:$runs, TypeAttr:$to);
  let results = (outs RankedTensorOf<[I32, F32]>:$result);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def QNN_DepthwisePackedOp : QNN_KernelOp<"depthwise_packed"> {
  let summary = "2-D convolution of each channel by itself";
  let description = [{
    `weight` is [ceil(C / 16), KW * ceil(KH / 4), 16, 4], column by column of the window; `bias` and `multiplier` have
    ceil(C / 16) * 16 elements; the rest is as in `qnn.conv_packed`.
    ```mlir
    %y = qnn.depthwise_packed %x, %w, %b, %m {kernel_shape = array<i64: 3, 3>,
        strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>, pads = array<i64: 1, 1, 1, 1>,
        input_zero_point = 128 : i64, zero_point = 0 : i64, low = 0 : i64, high = 255 : i64}
        : (tensor<1x8x8x6xui8>, tensor<1x3x16x4xi8>, tensor<16xi32>, tensor<16xf32>)
        -> tensor<1x8x8x6xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$input, RankedTensorOf<[I8]>:$weight, RankedTensorOf<[I32]>:$bias,
                       RankedTensorOf<[F32]>:$multiplier, DenseI64ArrayAttr:$kernel_shape,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$input_zero_point, I64Attr:$zero_point,
                       I64Attr:$low, I64Attr:$high);
}

def QNN_PackBytesOp : NN_LibraryOp<QNN_Dialect, "pack_bytes", [], []> {
  let summary = "packs matrices, as the right operands of products";
  let description = [{
    Of [..., K, N] codes, `packed` are the codes less 128 as
    [..., ceil(N / 16), ceil(K / 4), 16, 4], filled up with zeros, and `sums` the sums of them over K
    as [..., ceil(N / 16) * 16].
    ```mlir
    %p, %s = qnn.pack_bytes %x : (tensor<2x6x20xui8>) -> (tensor<2x2x2x16x4xi8>, tensor<2x32xi32>)
    ```
  }];
  let arguments = (ins QNN_Bytes:$input);
  let results = (outs RankedTensorOf<[I8]>:$packed, RankedTensorOf<[I32]>:$sums);
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}

def QNN_ProductBytesOp : QNN_KernelOp<"product_bytes"> {
  let summary = "matrix product with packed right operands";
  let description = [{
    `input` is [..., M, K], `packed` what `qnn.pack_bytes` makes of [..., K, N], and `bias` has a sum
    to start from for each of its columns. Leading dims broadcast. `weight_zero_point` is that of the
    packed codes less 128. The rest is as in `qnn.conv_packed`.
    ```mlir
    %y = qnn.product_bytes %x, %p, %b {columns = 20 : i64, weight_zero_point = 0 : i64,
        zero_point = 0 : i64, low = 0 : i64, high = 255 : i64, multiplier = 5.0e-01 : f64}
        : (tensor<2x3x6xui8>, tensor<2x2x2x16x4xi8>, tensor<2x32xi32>) -> tensor<2x3x20xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$input, RankedTensorOf<[I8]>:$packed,
                       RankedTensorOf<[I32]>:$bias, I64Attr:$columns, I64Attr:$weight_zero_point,
                       I64Attr:$zero_point, I64Attr:$low, I64Attr:$high, F64Attr:$multiplier);
}

class QNN_WindowKernelOp<string mnemonic> : QNN_KernelOp<mnemonic> {
  string windowExample = "kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,\n"
      # "    dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>";
}

def QNN_MaxBytesOp : QNN_WindowKernelOp<"max_bytes"> {
  let summary = "2-D pool by maximum";
  let description = "```mlir\n%y = qnn.max_bytes %x {" # windowExample # "}\n"
      # "    : (tensor<1x8x8x6xui8>) -> tensor<1x4x4x6xui8>\n```\n";
  let arguments = (ins QNN_Bytes:$input, DenseI64ArrayAttr:$kernel_shape,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads);
}

def QNN_AverageBytesOp : QNN_WindowKernelOp<"average_bytes"> {
  let summary = "2-D pool by average";
  let description = "`zero_point` is the result's own; `offset` is added to it after rounding (128\n"
      # "for signed codes). With `counts_pads` the divisor is the window's size.\n"
      # "```mlir\n%y = qnn.average_bytes %x {" # windowExample # ",\n"
      # "    counts_pads = false, input_zero_point = 128 : i64, zero_point = 3 : i64,\n"
      # "    offset = 0 : i64, low = 0 : i64, high = 255 : i64, input_scale = 5.0e-01 : f64,\n"
      # "    result_scale = 2.5e-01 : f64} : (tensor<1x8x8x6xui8>) -> tensor<1x4x4x6xui8>\n```\n";
  let arguments = (ins QNN_Bytes:$input, DenseI64ArrayAttr:$kernel_shape,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, BoolAttr:$counts_pads, I64Attr:$input_zero_point,
                       I64Attr:$zero_point, I64Attr:$offset, I64Attr:$low, I64Attr:$high,
                       F64Attr:$input_scale, F64Attr:$result_scale);
}

def QNN_MeanBytesOp : QNN_KernelOp<"mean_bytes"> {
  let summary = "mean over H and W";
  let description = [{
    ```mlir
    %y = qnn.mean_bytes %x {input_zero_point = 128 : i64, zero_point = 3 : i64, low = 0 : i64,
        high = 255 : i64, input_scale = 5.0e-01 : f64, result_scale = 2.5e-01 : f64}
        : (tensor<1x8x8x6xui8>) -> tensor<1x1x1x6xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$input, I64Attr:$input_zero_point, I64Attr:$zero_point,
                       I64Attr:$low, I64Attr:$high, F64Attr:$input_scale, F64Attr:$result_scale);
}

def QNN_LookupBytesOp : QNN_KernelOp<"lookup_bytes"> {
  let summary = "the table's entry for each code";
  let description = [{
    ```mlir
    %y = qnn.lookup_bytes %x, %t : (tensor<1x8xui8>, tensor<256xui8>) -> tensor<1x8xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$input, QNN_Bytes:$table);
}

def QNN_SoftmaxBytesOp : QNN_KernelOp<"softmax_bytes"> {
  let summary = "softmax along `axis` (>= 0)";
  let description = [{
    `table` holds 511 numbers: entry 255 - m + q is the exponential for code q in a row whose
    largest code is m. `steps` is the number of result codes in 1.
    ```mlir
    %y = qnn.softmax_bytes %x, %t {axis = 1 : i64, zero_point = 0 : i64, low = 0 : i64,
        high = 255 : i64, steps = 2.56e+02 : f64}
        : (tensor<1x8xui8>, tensor<511xf32>) -> tensor<1x8xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$input, RankedTensorOf<[F32]>:$table, I64Attr:$axis,
                       I64Attr:$zero_point, I64Attr:$low, I64Attr:$high, F64Attr:$steps);
}

def QNN_AddBytesOp : QNN_KernelOp<"add_bytes"> {
  let summary = "sum of two rescaled tensors";
  let description = [{
    `base + lhs_ratio * (lhs - lhs_offset) + rhs_ratio * (rhs - rhs_offset)`, rounded, plus
    `offset`; each product is fused with the sum it goes to, that of rhs first.
    ```mlir
    %y = qnn.add_bytes %a, %b {lhs_offset = 0 : i64, rhs_offset = 0 : i64, offset = 0 : i64,
        low = 0 : i64, high = 255 : i64, lhs_ratio = 5.0e-01 : f64, rhs_ratio = 2.5e-01 : f64, base = 3.0 : f64}
        : (tensor<1x8xui8>, tensor<8xui8>) -> tensor<1x8xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$lhs, QNN_Bytes:$rhs, I64Attr:$lhs_offset, I64Attr:$rhs_offset,
                       I64Attr:$offset, I64Attr:$low, I64Attr:$high, F64Attr:$lhs_ratio,
                       F64Attr:$rhs_ratio, F64Attr:$base);
}

def QNN_MulBytesOp : QNN_KernelOp<"mul_bytes"> {
  let summary = "rescaled product of two tensors";
  let description = [{
    `ratio * ((lhs - lhs_zero_point) * (rhs - rhs_zero_point)) + zero_point`, rounded, plus
    `offset`.
    ```mlir
    %y = qnn.mul_bytes %a, %b {lhs_zero_point = 128 : i64, rhs_zero_point = 0 : i64,
        zero_point = 3 : i64, offset = 0 : i64, low = 0 : i64, high = 255 : i64,
        ratio = 5.0e-01 : f64} : (tensor<1x8xui8>, tensor<8xui8>) -> tensor<1x8xui8>
    ```
  }];
  let arguments = (ins QNN_Bytes:$lhs, QNN_Bytes:$rhs, I64Attr:$lhs_zero_point,
                       I64Attr:$rhs_zero_point, I64Attr:$zero_point, I64Attr:$offset, I64Attr:$low,
                       I64Attr:$high, F64Attr:$ratio);
}

#endif // PEBBLE_DIALECTS_QNN_QNNKERNELS
