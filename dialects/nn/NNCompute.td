// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that compute: contractions, pools, reductions, normalizations, recurrences, transforms.
#ifndef PEBBLE_DIALECTS_NN_NNCOMPUTE
#define PEBBLE_DIALECTS_NN_NNCOMPUTE

include "mlir/IR/EnumAttr.td"
include "dialects/nn/NNDialect.td"

def NN_ConvOp : NN_KernelOp<"conv", []> {
  let summary = "N-d convolution, NC... input, [out, in/group, k...] weight, optional [out] bias";
  let description = [{
    `pads` is [begin..., end...]. Integer operands give an i32 (i64 for i64) sum that wraps; float
    sums are taken in the input's type (f32 for f16 and bf16, rounded once at the end).
    ```mlir
    %y = nn.conv %x, %w bias(%b) {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
        pads = array<i64: 1, 1, 1, 1>, group = 1 : i64, auto_pad = 0 : i64}
        : (tensor<1x3x8x8xf32>, tensor<16x3x3x3xf32>, tensor<16xf32>) -> tensor<1x16x8x8xf32>
    ```
  }];
  let arguments = (ins NN_NumericTensor:$input, NN_NumericTensor:$weight, Optional<NN_NumericTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group, NN_AutoPad:$auto_pad);
  let results = (outs NN_NumericTensor:$result);
  let assemblyFormat = "$input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_ConvTransposeOp : NN_KernelOp<"conv_transpose", []> {
  let summary = "ONNX ConvTranspose; weight [in, out/group, k...]; an empty `output_shape` means none given";
  let description = [{
    ```mlir
    %r = nn.conv_transpose %x, %w {strides = array<i64: 2, 2>, dilations = array<i64: 1, 1>,
        pads = array<i64: 0, 0, 0, 0>, output_padding = array<i64: 0, 0>, output_shape = array<i64>,
        group = 1 : i64, auto_pad = 0 : i64}
        : (tensor<1x3x8x8xf32>, tensor<3x16x2x2xf32>) -> tensor<1x16x16x16xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$weight, Optional<NN_FloatTensor>:$bias,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$output_padding,
                       DenseI64ArrayAttr:$output_shape, I64Attr:$group, NN_AutoPad:$auto_pad);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_DeformConvOp : NN_KernelOp<"deform_conv", [], [AttrSizedOperandSegments]> {
  let summary = "ONNX DeformConv";
  let description = [{
    ```mlir
    %r = nn.deform_conv %x, %w, %offset {strides = array<i64: 1, 1>,
        dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, group = 1 : i64,
        offset_group = 1 : i64}
        : (tensor<1x1x3x3xf32>, tensor<1x1x2x2xf32>, tensor<1x8x2x2xf32>) -> tensor<1x1x2x2xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$weight, NN_FloatTensor:$offset,
                       Optional<NN_FloatTensor>:$bias, Optional<NN_FloatTensor>:$mask,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                       DenseI64ArrayAttr:$pads, I64Attr:$group, I64Attr:$offset_group);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input `,` $weight `,` $offset (`bias` `(` $bias^ `)`)? (`mask` `(` $mask^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_MatMulOp : NN_KernelOp<"matmul"> {
  let summary = "numpy.matmul: 1-D operands are vectors, leading dims broadcast";
  let description = [{
    Integer operands give an i32 (i64, u32, u64 for those) sum that wraps; f16 and bf16 sum in f32
    and round once.
    ```mlir
    %r = nn.matmul %a, %b : (tensor<8x2x3xf32>, tensor<3x4xf32>) -> tensor<8x2x4xf32>
    ```
  }];
  let arguments = (ins NN_NumericTensor:$lhs, NN_NumericTensor:$rhs);
  let results = (outs NN_NumericTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

class NN_Pool<string mnemonic, dag extra, dag outs_, string what> : NN_KernelOp<mnemonic> {
  let summary = what;
  string exampleNames = "%r";
  string exampleAttributes = "";
  string exampleResult = "tensor<1x3x4x4xf32>";
  let description = "N-d window over the dims after N and C; `pads` is [begin..., end...].\n"
      # "```mlir\n" # exampleNames # " = nn." # mnemonic # " %x {kernel_shape = array<i64: 2, 2>, "
      # "strides = array<i64: 2, 2>,\n    dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>, "
      # "ceil_mode = false,\n    auto_pad = 0 : i64" # exampleAttributes # "}\n"
      # "    : (tensor<1x3x8x8xf32>) -> " # exampleResult # "\n```\n";
  let arguments = !con((ins NN_NumericTensor:$input, DenseI64ArrayAttr:$kernel_shape,
                            DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$dilations,
                            DenseI64ArrayAttr:$pads, BoolAttr:$ceil_mode, NN_AutoPad:$auto_pad), extra);
  let results = outs_;
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def NN_MaxPoolOp : NN_Pool<"max_pool", (ins), (outs NN_NumericTensor:$result), "ONNX MaxPool, first result">;
def NN_MaxPoolIndicesOp : NN_Pool<"max_pool_indices", (ins I64Attr:$storage_order),
    (outs NN_NumericTensor:$result, NN_ShapeTensor:$indices), "ONNX MaxPool with both results"> {
  let exampleNames = "%r, %i";
  let exampleAttributes = ", storage_order = 0 : i64";
  let exampleResult = "(tensor<1x3x4x4xf32>, tensor<1x3x4x4xi64>)";
}
def NN_AvgPoolOp : NN_Pool<"avg_pool", (ins BoolAttr:$count_include_pad), (outs NN_FloatTensor:$result), "ONNX AveragePool (opset 19)"> {
  let exampleAttributes = ", count_include_pad = false";
}
def NN_LpPoolOp : NN_Pool<"lp_pool", (ins I64Attr:$p), (outs NN_FloatTensor:$result), "ONNX LpPool (opset 18)"> {
  let exampleAttributes = ", p = 2 : i64";
}

class NN_Reduce<string mnemonic, string what, Type type = NN_NumericTensor>
    : NN_KernelOp<mnemonic, [1]> {
  let summary = what;
  let description = "`axes` (1-D i64, may be negative, unique) are reduced; an empty list reduces nothing. Over an\n"
      # "empty range the result is the identity of the operation. f16 and bf16 accumulate in f32.\n"
      # "```mlir\n%r = nn." # mnemonic # " %x, %axes {keepdims = true} : "
      # "(tensor<2x3xf32>, tensor<1xi64>) -> tensor<?x?xf32>\n```\n";
  let arguments = (ins type:$input, NN_ShapeTensor:$axes, BoolAttr:$keepdims);
  let results = (outs type:$result);
  let assemblyFormat = "$input `,` $axes attr-dict `:` functional-type(operands, results)";
}
def NN_ReduceSumOp : NN_Reduce<"reduce_sum", "sum over `axes`">;
def NN_ReduceProdOp : NN_Reduce<"reduce_prod", "product over `axes`">;
def NN_ReduceMeanOp : NN_Reduce<"reduce_mean", "mean over `axes`">;
def NN_ReduceMaxOp : NN_Reduce<"reduce_max", "maximum over `axes`", NN_Tensor>;
def NN_ReduceMinOp : NN_Reduce<"reduce_min", "minimum over `axes`", NN_Tensor>;

class NN_ArgReduce<string mnemonic, string what> : NN_KernelOp<mnemonic> {
  let summary = what;
  let description = "```mlir\n%r = nn." # mnemonic # " %x {axis = 1 : i64, keepdims = false, "
      # "select_last_index = false}\n    : (tensor<2x3xf32>) -> tensor<2xi64>\n```\n";
  let arguments = (ins NN_NumericTensor:$input, I64Attr:$axis, BoolAttr:$keepdims, BoolAttr:$select_last_index);
  let results = (outs NN_ShapeTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def NN_ArgMaxOp : NN_ArgReduce<"arg_max", "index of the maximum along `axis` (>= 0)">;
def NN_ArgMinOp : NN_ArgReduce<"arg_min", "index of the minimum along `axis` (>= 0)">;

class NN_Cumulative<string mnemonic, string what> : NN_KernelOp<mnemonic> {
  let summary = what;
  let description = "```mlir\n%r = nn." # mnemonic # " %x, %axis {exclusive = false, reverse = false} : "
      # "(tensor<2x3xf32>, tensor<i64>) -> tensor<2x3xf32>\n```\n";
  let arguments = (ins NN_NumericTensor:$input, NN_IndexTensor:$axis, BoolAttr:$exclusive, BoolAttr:$reverse);
  let results = (outs NN_NumericTensor:$result);
  let assemblyFormat = "$input `,` $axis attr-dict `:` functional-type(operands, results)";
}
def NN_CumSumOp : NN_Cumulative<"cum_sum", "running sum along the scalar `axis`">;
def NN_CumProdOp : NN_Cumulative<"cum_prod", "running product along the scalar `axis`">;

class NN_Softmax<string mnemonic, string what> : NN_KernelOp<mnemonic> {
  let summary = what;
  let description = "```mlir\n%r = nn." # mnemonic # " %x {axis = 1 : i64} : (tensor<2x3xf32>) -> "
      # "tensor<2x3xf32>\n```\n";
  let arguments = (ins NN_FloatTensor:$input, I64Attr:$axis);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}
def NN_SoftmaxOp : NN_Softmax<"softmax", "softmax along `axis` (>= 0)">;
def NN_LogSoftmaxOp : NN_Softmax<"log_softmax", "logarithm of softmax along `axis` (>= 0)">;
def NN_HardmaxOp : NN_Softmax<"hardmax", "1 at the first maximum along `axis` (>= 0), 0 elsewhere">;

def NN_LayerNormOp : NN_KernelOp<"layer_norm", []> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias over the dims from `axis` (>= 0) on";
  let description = [{
    `scale` and `bias` broadcast to the normalized dims. With `rms` the mean is not subtracted and
    the mean square stands for the variance. `mean` and `inv_std` keep the reduced dims as 1. f16
    and bf16 compute in f32, which then is the element type of `mean` and `inv_std`.
    ```mlir
    %r, %mean, %inv_std = nn.layer_norm %x, %scale {axis = 1 : i64, rms = false,
        epsilon = 1.0e-5 : f64}
        : (tensor<2x8xf32>, tensor<8xf32>) -> (tensor<2x8xf32>, tensor<2x1xf32>, tensor<2x1xf32>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$scale, Optional<NN_FloatTensor>:$bias,
                       I64Attr:$axis, BoolAttr:$rms, F64Attr:$epsilon);
  let results = (outs NN_FloatTensor:$result, NN_FloatTensor:$mean, NN_FloatTensor:$inv_std);
  let assemblyFormat = "$input `,` $scale (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_LRNOp : NN_KernelOp<"lrn"> {
  let summary = "ONNX LRN";
  let description = [{
    ```mlir
    %r = nn.lrn %x {size = 5 : i64, alpha = 1.0e-4 : f64, beta = 0.75 : f64, bias = 1.0 : f64}
        : (tensor<1x8x4x4xf32>) -> tensor<1x8x4x4xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, I64Attr:$size, F64Attr:$alpha, F64Attr:$beta, F64Attr:$bias);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

// Activation numbers of the recurrent ops, in `activations`; `alphas` and `betas` run parallel to it.
//   0 relu 1 tanh 2 sigmoid 3 affine 4 leaky_relu 5 thresholded_relu 6 scaled_tanh
//   7 hard_sigmoid 8 elu 9 softsign 10 softplus
// Directions: 0 forward, 1 reverse, 2 bidirectional. `clip` 0 means none.
class NN_Recurrent<string mnemonic, dag ins_, dag outs_, string what>
    : NN_KernelOp<mnemonic, [], [AttrSizedOperandSegments]> {
  let summary = what;
  // Rows of the weights for a hidden size of 5, the attributes that only this op has, its results.
  int exampleRows = 5;
  string exampleAttributes = "";
  string exampleResults = "tensor<4x1x2x5xf32>, tensor<1x2x5xf32>";
  string exampleNames = "%y, %y_h";
  string exampleActivations = "1";
  int exampleAbsent = 3;
  let description = "`activations` numbers: 0 relu, 1 tanh, 2 sigmoid, 3 affine, 4 leaky_relu, 5 thresholded_relu,\n"
      # "6 scaled_tanh, 7 hard_sigmoid, 8 elu, 9 softsign, 10 softplus; `alphas` and `betas` (f64) run\n"
      # "parallel to it. `direction`: 0 forward, 1 reverse, 2 bidirectional. `layout`: 0 time first,\n"
      # "1 batch first. `clip` 0 means none. In `ints` they come in declared order.\n"
      # "```mlir\n" # exampleNames # " = nn." # mnemonic # " %x, %w, %r {hidden_size = 5 : i64, "
      # "direction = 0 : i64,\n    layout = 0 : i64" # exampleAttributes
      # ", activations = array<i64: " # exampleActivations # ">,\n    alphas = array<f64>, "
      # "betas = array<f64>, clip = 0.0 : f64,\n    operandSegmentSizes = array<i32: 1, 1, 1, "
      # !interleave(!listsplat(0, exampleAbsent), ", ") # ">}\n    : (tensor<4x2x3xf32>, tensor<1x"
      # exampleRows # "x3xf32>, tensor<1x" # exampleRows # "x5xf32>)\n    -> (" # exampleResults
      # ")\n```\n";
  let arguments = ins_;
  let results = outs_;
  let assemblyFormat = "operands attr-dict `:` functional-type(operands, results)";
}
def NN_LSTMOp : NN_Recurrent<"lstm", (ins NN_FloatTensor:$input, NN_FloatTensor:$weight, NN_FloatTensor:$recurrence,
      Optional<NN_FloatTensor>:$bias, Optional<RankedTensorOf<[I32]>>:$sequence_lens,
      Optional<NN_FloatTensor>:$initial_h, Optional<NN_FloatTensor>:$initial_c,
      Optional<NN_FloatTensor>:$peepholes, I64Attr:$hidden_size, I64Attr:$direction, I64Attr:$layout,
      BoolAttr:$input_forget, DenseI64ArrayAttr:$activations, DenseF64ArrayAttr:$alphas,
      DenseF64ArrayAttr:$betas, F64Attr:$clip),
    (outs NN_FloatTensor:$y, NN_FloatTensor:$y_h, NN_FloatTensor:$y_c), "ONNX LSTM (opset 14)"> {
  let exampleRows = 20;
  let exampleAttributes = ", input_forget = false";
  let exampleNames = "%y, %y_h, %y_c";
  let exampleResults = "tensor<4x1x2x5xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>";
  let exampleActivations = "2, 1, 1";
  let exampleAbsent = 5;
}
def NN_GRUOp : NN_Recurrent<"gru", (ins NN_FloatTensor:$input, NN_FloatTensor:$weight, NN_FloatTensor:$recurrence,
      Optional<NN_FloatTensor>:$bias, Optional<RankedTensorOf<[I32]>>:$sequence_lens,
      Optional<NN_FloatTensor>:$initial_h, I64Attr:$hidden_size, I64Attr:$direction, I64Attr:$layout,
      BoolAttr:$linear_before_reset, DenseI64ArrayAttr:$activations, DenseF64ArrayAttr:$alphas,
      DenseF64ArrayAttr:$betas, F64Attr:$clip),
    (outs NN_FloatTensor:$y, NN_FloatTensor:$y_h), "ONNX GRU (opset 14)"> {
  let exampleRows = 15;
  let exampleAttributes = ", linear_before_reset = false";
  let exampleActivations = "2, 1";
}
def NN_RNNOp : NN_Recurrent<"rnn", (ins NN_FloatTensor:$input, NN_FloatTensor:$weight, NN_FloatTensor:$recurrence,
      Optional<NN_FloatTensor>:$bias, Optional<RankedTensorOf<[I32]>>:$sequence_lens,
      Optional<NN_FloatTensor>:$initial_h, I64Attr:$hidden_size, I64Attr:$direction, I64Attr:$layout,
      DenseI64ArrayAttr:$activations, DenseF64ArrayAttr:$alphas,
      DenseF64ArrayAttr:$betas, F64Attr:$clip),
    (outs NN_FloatTensor:$y, NN_FloatTensor:$y_h), "ONNX RNN (opset 14)">;

def NN_GridSampleOp : NN_KernelOp<"grid_sample"> {
  let summary = "ONNX GridSample (opset 20); padding_mode 0 zeros, 1 border, 2 reflection";
  let description = [{
    ```mlir
    %r = nn.grid_sample %x, %grid {mode = 1 : i64, padding_mode = 0 : i64, align_corners = false}
        : (tensor<1x3x8x8xf32>, tensor<1x4x5x2xf32>) -> tensor<1x3x4x5xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$grid, NN_ResizeMode:$mode, I64Attr:$padding_mode, BoolAttr:$align_corners);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input `,` $grid attr-dict `:` functional-type(operands, results)";
}

def NN_AffineGridOp : NN_KernelOp<"affine_grid", [1]> {
  let summary = "ONNX AffineGrid";
  let description = [{
    ```mlir
    %r = nn.affine_grid %theta, %size {align_corners = false}
        : (tensor<1x2x3xf32>, tensor<4xi64>) -> tensor<1x?x?x2xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$theta, NN_ShapeTensor:$size, BoolAttr:$align_corners);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$theta `,` $size attr-dict `:` functional-type(operands, results)";
}

def NN_RoiAlignOp : NN_KernelOp<"roi_align"> {
  let summary = "ONNX RoiAlign (opset 16); mode 0 avg, 1 max; half_pixel is coordinate_transformation_mode";
  let description = [{
    ```mlir
    %r = nn.roi_align %x, %rois, %batch {mode = 0 : i64, half_pixel = true, output_height = 5 : i64,
        output_width = 5 : i64, sampling_ratio = 2 : i64, spatial_scale = 1.0 : f64}
        : (tensor<1x3x8x8xf32>, tensor<4x4xf32>, tensor<4xi64>) -> tensor<4x3x5x5xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, NN_FloatTensor:$rois, NN_ShapeTensor:$batch_indices,
                       I64Attr:$mode, BoolAttr:$half_pixel, I64Attr:$output_height, I64Attr:$output_width,
                       I64Attr:$sampling_ratio, F64Attr:$spatial_scale);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input `,` $rois `,` $batch_indices attr-dict `:` functional-type(operands, results)";
}

def NN_DFTOp : NN_KernelOp<"dft", [1, 2], [AttrSizedOperandSegments]> {
  let summary = "ONNX DFT (opset 20); `length` and `axis` are scalars; without `axis`: -2";
  let description = [{
    ```mlir
    %r = nn.dft %x {inverse = false, onesided = true} : (tensor<1x16x1xf32>) -> tensor<1x9x2xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, Optional<NN_IndexTensor>:$length, Optional<NN_IndexTensor>:$axis,
                       BoolAttr:$inverse, BoolAttr:$onesided);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input (`length` `(` $length^ `)`)? (`axis` `(` $axis^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_STFTOp : NN_KernelOp<"stft", [1, 3], [AttrSizedOperandSegments]> {
  let summary = "ONNX STFT (opset 17); frame_step and frame_length are scalars";
  let description = [{
    ```mlir
    %r = nn.stft %signal, %step window(%w) {onesided = true}
        : (tensor<1x128x1xf32>, tensor<i64>, tensor<16xf32>) -> tensor<1x?x9x2xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$signal, NN_IndexTensor:$frame_step, Optional<NN_FloatTensor>:$window,
                       Optional<NN_IndexTensor>:$frame_length, BoolAttr:$onesided);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$signal `,` $frame_step (`window` `(` $window^ `)`)? (`length` `(` $frame_length^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_DetOp : NN_KernelOp<"det"> {
  let summary = "determinant over the last two dims";
  let description = [{
    ```mlir
    %r = nn.det %x : (tensor<5x3x3xf32>) -> tensor<5xf32>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def NN_RandomOp : NN_KernelOp<"random", [0]> {
  let summary = "random numbers of element type `to`; distribution 0 uniform in [a, b), 1 normal with mean a and deviation b";
  let description = [{
    The sequence is a function of `seed` alone (a counter-based generator), so that runs repeat.
    ```mlir
    %r = nn.random %shape {to = f32, distribution = 0 : i64, seed = 7 : i64, a = 0.0 : f64,
        b = 1.0 : f64} : (tensor<2xi64>) -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins NN_ShapeTensor:$shape, TypeAttr:$to, I64Attr:$distribution, I64Attr:$seed, F64Attr:$a, F64Attr:$b);
  let results = (outs NN_FloatTensor:$result);
  let assemblyFormat = "$shape attr-dict `:` functional-type(operands, results)";
}

#endif // PEBBLE_DIALECTS_NN_NNCOMPUTE
