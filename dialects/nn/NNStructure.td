// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ops that move, select and reorder elements.
#ifndef PEBBLE_DIALECTS_NN_NNSTRUCTURE
#define PEBBLE_DIALECTS_NN_NNSTRUCTURE

include "mlir/IR/EnumAttr.td"
include "dialects/nn/NNDialect.td"

def NN_ConstantOp : Op<NN_Dialect, "constant", [Pure, ConstantLike,
                                               AllTypesMatch<["value", "result"]>]> {
  let summary = "a constant tensor";
  let description = [{
    Large values live in `dense_resource` attributes, outside the uniquing of the context.
    ```mlir
    %c = nn.constant dense<[1, 2]> : tensor<2xi64>
    ```
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def NN_ShapeOfOp : NN_Op<"shape_of"> {
  let summary = "the dims of a tensor, as a 1-D i64 tensor";
  let description = [{
    ```mlir
    %r = nn.shape_of %x : (tensor<?x3xf32>) -> tensor<2xi64>
    ```
  }];
  let inferenceFunction = "inferShapeOf";
  let arguments = (ins NN_Tensor:$input);
  let results = (outs NN_ShapeTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def NN_ReshapeOp : NN_KernelOp<"reshape", [1]> {
  let summary = "same elements, other dims";
  let description = [{
    `shape` may hold one -1 (inferred) and, unless `allowzero`, zeros (the input's dim at that
    place). The result shares the input's memory after scheduling.
    ```mlir
    %r = nn.reshape %x, %shape {allowzero = false}
        : (tensor<2x3xf32>, tensor<1xi64>) -> tensor<6xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$shape, BoolAttr:$allowzero);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $shape attr-dict `:` functional-type(operands, results)";
}

def NN_BitCastOp : NN_KernelOp<"bit_cast"> {
  let summary = "same bits, another element type of the same width";
  let description = [{
    ```mlir
    %r = nn.bit_cast %x {to = i32} : (tensor<4xf32>) -> tensor<4xi32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, TypeAttr:$to);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def NN_TransposeOp : NN_KernelOp<"transpose"> {
  let summary = "result dim i is input dim permutation[i]";
  let description = [{
    ```mlir
    %r = nn.transpose %x {permutation = array<i64: 1, 0>}
        : (tensor<2x3xf32>) -> tensor<3x2xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, DenseI64ArrayAttr:$permutation);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def NN_BroadcastToOp : NN_KernelOp<"broadcast_to", [1]> {
  let summary = "ONNX Expand: broadcasts the input's dims with `shape`, both ways";
  let description = [{
    ```mlir
    %r = nn.broadcast_to %x, %shape : (tensor<3x1xf32>, tensor<2xi64>) -> tensor<3x?xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$shape);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $shape attr-dict `:` functional-type(operands, results)";
}

def NN_TileOp : NN_KernelOp<"tile", [1]> {
  let summary = "repeats the input `repeats[i]` times along dim i";
  let description = [{
    ```mlir
    %r = nn.tile %x, %repeats : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$repeats);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $repeats attr-dict `:` functional-type(operands, results)";
}

def NN_SliceOp : NN_KernelOp<"slice", [1, 2, 3, 4]> {
  let summary = "ONNX Slice (opset 13): negative positions count from the end, out-of-range ones are clamped";
  let description = [{
    All four index operands are 1-D i64 tensors of one length; `axes` may be negative.
    ```mlir
    %r = nn.slice %x, %starts, %ends, %axes, %steps
        : (tensor<8xf32>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>, tensor<1xi64>) -> tensor<?xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$starts, NN_ShapeTensor:$ends,
                       NN_ShapeTensor:$axes, NN_ShapeTensor:$steps);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $starts `,` $ends `,` $axes `,` $steps attr-dict `:` functional-type(operands, results)";
}

def NN_ConcatOp : NN_KernelOp<"concat"> {
  let summary = "joins tensors along `axis` (>= 0)";
  let description = [{
    ```mlir
    %r = nn.concat %x, %y {axis = 1 : i64} : (tensor<2x3xf32>, tensor<2x4xf32>) -> tensor<2x7xf32>
    ```
  }];
  let variadicOperands = 1;
  let arguments = (ins Variadic<NN_Tensor>:$inputs, I64Attr:$axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type(operands, results)";
}

def NN_PadMode : I64EnumAttr<"PadMode", "padding mode", [
    I64EnumAttrCase<"constant", 0>, I64EnumAttrCase<"reflect", 1>, I64EnumAttrCase<"edge", 2>,
    I64EnumAttrCase<"wrap", 3>]> { let cppNamespace = "::pebble::nn"; }

def NN_PadOp : NN_KernelOp<"pad", [1, 3], [AttrSizedOperandSegments]> {
  let summary = "ONNX Pad (opset 19): `pads` is [begin..., end...] over `axes` (all dims when absent)";
  let description = [{
    Negative pads crop. `value` is a scalar (0 when absent).
    ```mlir
    %r = nn.pad %x, %pads {mode = 0 : i64} : (tensor<2x3xf32>, tensor<4xi64>) -> tensor<?x?xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$pads, Optional<NN_Tensor>:$value,
                       Optional<NN_ShapeTensor>:$axes, NN_PadMode:$mode);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $pads (`value` `(` $value^ `)`)? (`axes` `(` $axes^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_GatherOp : NN_KernelOp<"gather"> {
  let summary = "ONNX Gather: slices of `data` along `axis` (>= 0) at `indices` (negative from the end)";
  let description = [{
    ```mlir
    %r = nn.gather %x, %i {axis = 0 : i64} : (tensor<10x4xf32>, tensor<2x3xi64>) -> tensor<2x3x4xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$data, NN_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$data `,` $indices attr-dict `:` functional-type(operands, results)";
}

def NN_GatherElementsOp : NN_KernelOp<"gather_elements"> {
  let summary = "ONNX GatherElements";
  let description = [{
    ```mlir
    %r = nn.gather_elements %x, %i {axis = 1 : i64}
        : (tensor<2x3xf32>, tensor<2x2xi64>) -> tensor<2x2xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$data, NN_IndexTensor:$indices, I64Attr:$axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$data `,` $indices attr-dict `:` functional-type(operands, results)";
}

def NN_GatherNDOp : NN_KernelOp<"gather_nd"> {
  let summary = "ONNX GatherND";
  let description = [{
    ```mlir
    %r = nn.gather_nd %x, %i {batch_dims = 0 : i64}
        : (tensor<2x3x4xf32>, tensor<5x2xi64>) -> tensor<5x4xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$data, NN_IndexTensor:$indices, I64Attr:$batch_dims);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$data `,` $indices attr-dict `:` functional-type(operands, results)";
}

def NN_ScatterReduction : I64EnumAttr<"ScatterReduction", "what happens to elements hit twice", [
    I64EnumAttrCase<"none", 0>, I64EnumAttrCase<"add", 1>, I64EnumAttrCase<"mul", 2>,
    I64EnumAttrCase<"min", 3>, I64EnumAttrCase<"max", 4>]> { let cppNamespace = "::pebble::nn"; }

def NN_ScatterElementsOp : NN_KernelOp<"scatter_elements"> {
  let summary = "ONNX ScatterElements; updates are applied in row-major order";
  let description = [{
    ```mlir
    %r = nn.scatter_elements %x, %i, %u {axis = 0 : i64, reduction = 1 : i64}
        : (tensor<3x3xf32>, tensor<2x3xi64>, tensor<2x3xf32>) -> tensor<3x3xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$data, NN_IndexTensor:$indices, NN_Tensor:$updates, I64Attr:$axis,
                       NN_ScatterReduction:$reduction);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$data `,` $indices `,` $updates attr-dict `:` functional-type(operands, results)";
}

def NN_ScatterNDOp : NN_KernelOp<"scatter_nd"> {
  let summary = "ONNX ScatterND; updates are applied in row-major order";
  let description = [{
    ```mlir
    %r = nn.scatter_nd %x, %i, %u {reduction = 0 : i64}
        : (tensor<8xf32>, tensor<4x1xi64>, tensor<4xf32>) -> tensor<8xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$data, NN_IndexTensor:$indices, NN_Tensor:$updates,
                       NN_ScatterReduction:$reduction);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$data `,` $indices `,` $updates attr-dict `:` functional-type(operands, results)";
}

def NN_RangeOp : NN_KernelOp<"range", [0, 1, 2]> {
  let summary = "start, start + delta, ... below limit (above, for a negative delta); scalars";
  let description = [{
    ```mlir
    %r = nn.range %start, %limit, %delta : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
    ```
  }];
  let arguments = (ins NN_NumericTensor:$start, NN_NumericTensor:$limit, NN_NumericTensor:$delta);
  let results = (outs NN_NumericTensor:$result);
  let assemblyFormat = "$start `,` $limit `,` $delta attr-dict `:` functional-type(operands, results)";
}

def NN_ReverseSequenceOp : NN_KernelOp<"reverse_sequence"> {
  let summary = "ONNX ReverseSequence: reverses the first sequence_lens[b] steps of each batch";
  let description = [{
    ```mlir
    %r = nn.reverse_sequence %x, %lens {batch_axis = 1 : i64, time_axis = 0 : i64}
        : (tensor<4x2xf32>, tensor<2xi64>) -> tensor<4x2xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$sequence_lens, I64Attr:$batch_axis, I64Attr:$time_axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $sequence_lens attr-dict `:` functional-type(operands, results)";
}

def NN_TriluOp : NN_KernelOp<"trilu"> {
  let summary = "ONNX Trilu: keeps the upper or lower triangle of the last two dims; `k` (scalar i64) shifts the diagonal";
  let description = [{
    ```mlir
    %r = nn.trilu %x, %k {upper = true} : (tensor<3x3xf32>, tensor<i64>) -> tensor<3x3xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$k, BoolAttr:$upper);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $k attr-dict `:` functional-type(operands, results)";
}

def NN_OneHotOp : NN_KernelOp<"one_hot", [1]> {
  let summary = "ONNX OneHot; `depth` a scalar i64, `values` = [off, on], `axis` >= 0 in the result";
  let description = [{
    ```mlir
    %r = nn.one_hot %i, %depth, %values {axis = 1 : i64}
        : (tensor<4xi64>, tensor<i64>, tensor<2xf32>) -> tensor<4x?xf32>
    ```
  }];
  let arguments = (ins NN_IndexTensor:$indices, NN_ShapeTensor:$depth, NN_Tensor:$values, I64Attr:$axis);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$indices `,` $depth `,` $values attr-dict `:` functional-type(operands, results)";
}

def NN_EyeLikeOp : NN_KernelOp<"eye_like"> {
  let summary = "ones on diagonal `k` of a matrix with the input's dims and element type `to`";
  let description = [{
    ```mlir
    %r = nn.eye_like %x {to = f32, k = 0 : i64} : (tensor<3x3xi64>) -> tensor<3x3xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, TypeAttr:$to, I64Attr:$k);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def NN_NonZeroOp : NN_KernelOp<"non_zero"> {
  let summary = "indices of non-zero elements, row-major";
  let description = [{
    `indices` has room for every element, [rank, number of elements] (a scalar counts as rank 1);
    only the first `count` columns are defined. A slice to `count` follows.
    ```mlir
    %i, %count = nn.non_zero %x : (tensor<2x3xf32>) -> (tensor<2x6xi64>, tensor<1xi64>)
    ```
  }];
  let arguments = (ins NN_Tensor:$input);
  let results = (outs NN_ShapeTensor:$indices, NN_ShapeTensor:$count);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def NN_CompressOp : NN_KernelOp<"compress"> {
  let summary = "ONNX Compress along `axis` (of a flattened input when `axis` is -1); only the first `count` (1-element tensor) entries along the axis are defined";
  let description = [{
    ```mlir
    %r, %count = nn.compress %x, %condition {axis = 0 : i64}
        : (tensor<3x2xf32>, tensor<3xi1>) -> (tensor<3x2xf32>, tensor<1xi64>)
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_BoolTensor:$condition, I64Attr:$axis);
  let results = (outs NN_Tensor:$result, NN_ShapeTensor:$count);
  let assemblyFormat = "$input `,` $condition attr-dict `:` functional-type(operands, results)";
}

def NN_UniqueOp : NN_KernelOp<"unique"> {
  let summary = "ONNX Unique along `axis` (flattened input when `has_axis` is false)";
  let description = [{
    Only the first `count` entries (along the axis) of `values`, `indices` and `counts` are
    defined.
    ```mlir
    %values, %i, %inverse, %counts, %count = nn.unique %x {has_axis = false, axis = 0 : i64,
        sorted = true}
        : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xi64>, tensor<4xi64>, tensor<4xi64>, tensor<1xi64>)
    ```
  }];
  let arguments = (ins NN_Tensor:$input, BoolAttr:$has_axis, I64Attr:$axis, BoolAttr:$sorted);
  let results = (outs NN_Tensor:$values, NN_ShapeTensor:$indices, NN_ShapeTensor:$inverse_indices,
                      NN_ShapeTensor:$counts, NN_ShapeTensor:$count);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def NN_TopKOp : NN_KernelOp<"top_k", [1]> {
  let summary = "ONNX TopK (opset 11); `k` a 1-element i64 tensor; ties: the lower index first; `axis` >= 0";
  let description = [{
    ```mlir
    %r, %i = nn.top_k %x, %k {axis = 1 : i64, largest = true, sorted = true}
        : (tensor<2x9xf32>, tensor<1xi64>) -> (tensor<2x?xf32>, tensor<2x?xi64>)
    ```
  }];
  let arguments = (ins NN_NumericTensor:$input, NN_ShapeTensor:$k, I64Attr:$axis, BoolAttr:$largest, BoolAttr:$sorted);
  let results = (outs NN_Tensor:$values, NN_ShapeTensor:$indices);
  let assemblyFormat = "$input `,` $k attr-dict `:` functional-type(operands, results)";
}

def NN_ResizeMode : I64EnumAttr<"ResizeMode", "interpolation", [
    I64EnumAttrCase<"nearest", 0>, I64EnumAttrCase<"linear", 1>, I64EnumAttrCase<"cubic", 2>]> {
  let cppNamespace = "::pebble::nn"; }
def NN_ResizeCoordinates : I64EnumAttr<"ResizeCoordinates", "coordinate_transformation_mode", [
    I64EnumAttrCase<"half_pixel", 0>, I64EnumAttrCase<"half_pixel_symmetric", 1>,
    I64EnumAttrCase<"pytorch_half_pixel", 2>, I64EnumAttrCase<"align_corners", 3>,
    I64EnumAttrCase<"asymmetric", 4>, I64EnumAttrCase<"tf_crop_and_resize", 5>]> {
  let cppNamespace = "::pebble::nn"; }
def NN_ResizeNearest : I64EnumAttr<"ResizeNearest", "nearest_mode", [
    I64EnumAttrCase<"round_prefer_floor", 0>, I64EnumAttrCase<"round_prefer_ceil", 1>,
    I64EnumAttrCase<"floor", 2>, I64EnumAttrCase<"ceil", 3>]> { let cppNamespace = "::pebble::nn"; }
def NN_AspectRatio : I64EnumAttr<"AspectRatio", "keep_aspect_ratio_policy", [
    I64EnumAttrCase<"stretch", 0>, I64EnumAttrCase<"not_larger", 1>,
    I64EnumAttrCase<"not_smaller", 2>]> { let cppNamespace = "::pebble::nn"; }

def NN_ResizeOp : NN_KernelOp<"resize", [1, 2, 3], [AttrSizedOperandSegments]> {
  let summary = "ONNX Resize (opset 19)";
  let description = [{
    Exactly one of `scales` (f32) and `sizes` is there; both, and `roi` (f32), cover `axes` only.
    ```mlir
    %r = nn.resize %x sizes(%sizes) {mode = 1 : i64, coordinates = 0 : i64,
        nearest_mode = 0 : i64, antialias = false, exclude_outside = false, aspect_ratio = 0 : i64,
        axes = array<i64: 2, 3>, cubic_coeff_a = -0.75 : f64, extrapolation_value = 0.0 : f64}
        : (tensor<1x3x8x8xf32>, tensor<2xi64>) -> tensor<1x3x?x?xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, Optional<NN_FloatTensor>:$roi, Optional<NN_FloatTensor>:$scales,
                       Optional<NN_ShapeTensor>:$sizes, NN_ResizeMode:$mode,
                       NN_ResizeCoordinates:$coordinates, NN_ResizeNearest:$nearest_mode,
                       BoolAttr:$antialias, BoolAttr:$exclude_outside, NN_AspectRatio:$aspect_ratio,
                       DenseI64ArrayAttr:$axes, F64Attr:$cubic_coeff_a, F64Attr:$extrapolation_value);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = [{
    $input (`roi` `(` $roi^ `)`)? (`scales` `(` $scales^ `)`)? (`sizes` `(` $sizes^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def NN_Col2ImOp : NN_KernelOp<"col2im", [1, 2]> {
  let summary = "ONNX Col2Im";
  let description = [{
    Adds up overlapping blocks: the inverse of cutting an image into windows.
    ```mlir
    %r = nn.col2im %x, %image, %block {dilations = array<i64: 1, 1>,
        pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 1, 1>}
        : (tensor<1x8x9xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<1x?x?x?xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$image_shape, NN_ShapeTensor:$block_shape,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$strides);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $image_shape `,` $block_shape attr-dict `:` functional-type(operands, results)";
}

def NN_MaxUnpoolOp : NN_KernelOp<"max_unpool", [2]> {
  let summary = "ONNX MaxUnpool";
  let description = [{
    ```mlir
    %r = nn.max_unpool %x, %indices {kernel_shape = array<i64: 2, 2>,
        pads = array<i64: 0, 0, 0, 0>, strides = array<i64: 2, 2>}
        : (tensor<1x1x2x2xf32>, tensor<1x1x2x2xi64>) -> tensor<1x1x4x4xf32>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, NN_ShapeTensor:$indices, Optional<NN_ShapeTensor>:$output_shape,
                       DenseI64ArrayAttr:$kernel_shape, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$strides);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input `,` $indices (`output_shape` `(` $output_shape^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_NonMaxSuppressionOp : NN_KernelOp<"non_max_suppression", [2], [AttrSizedOperandSegments]> {
  let summary = "ONNX NonMaxSuppression";
  let description = [{
    `selected` has room for batches * classes * min(max_output_boxes_per_class, boxes) rows of 3;
    only the first `count` (1-element tensor) are defined. An absent limit counts as 0.
    ```mlir
    %r, %count = nn.non_max_suppression %boxes, %scores max_output(%most) {
        center_point_box = false}
        : (tensor<1x6x4xf32>, tensor<1x1x6xf32>, tensor<1xi64>) -> (tensor<?x3xi64>, tensor<1xi64>)
    ```
  }];
  let arguments = (ins NN_FloatTensor:$boxes, NN_FloatTensor:$scores,
                       Optional<NN_ShapeTensor>:$max_output_boxes_per_class,
                       Optional<NN_FloatTensor>:$iou_threshold, Optional<NN_FloatTensor>:$score_threshold,
                       BoolAttr:$center_point_box);
  let results = (outs NN_ShapeTensor:$selected, NN_ShapeTensor:$count);
  let assemblyFormat = [{
    $boxes `,` $scores (`max_output` `(` $max_output_boxes_per_class^ `)`)?
    (`iou` `(` $iou_threshold^ `)`)? (`score` `(` $score_threshold^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // PEBBLE_DIALECTS_NN_NNSTRUCTURE
