// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Image layers in the layout that a target computes in. `assign-layouts` makes them.
#ifndef PEBBLE_DIALECTS_NN_NNLAYOUT
#define PEBBLE_DIALECTS_NN_NNLAYOUT

include "mlir/IR/EnumAttr.td"
include "dialects/nn/NNDialect.td"

def NN_Epilogue : NativeOpTrait<"EpilogueOp"> { let cppNamespace = "::pebble::nn"; }

class NN_LayoutOp<string mnemonic, list<Trait> traits = []>
    : Op<NN_Dialect, mnemonic, traits # [Pure, NN_Epilogue]>;

def NN_ConvNhwcOp : NN_LayoutOp<"conv_nhwc"> {
  let summary = "2-D convolution, channels last, packed weights";
  let description = [{
    `input` is [N, H, W, C]. `weight` is [group, ceil(O / block), KH, KW, C / group, block] with O
    output channels a group, the last block filled up with zeros. The result is [N, OH, OW, O * group].
    `pads` is [top, left, bottom, right]; an image with a side that only the run knows has none. Each
    element's sum starts from the bias and runs over KH, KW, C in this order with fused
    multiply-adds, skipping padding.
    ```mlir
    %r = nn.conv_nhwc %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
        pads = array<i64: 1, 1, 1, 1>}
        : (tensor<1x8x8x3xf32>, tensor<1x2x3x3x3x8xf32>) -> tensor<1x8x8x16xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, RankedTensorOf<[F32]>:$weight,
                       Optional<RankedTensorOf<[F32]>>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def NN_DepthwiseNhwcOp : NN_LayoutOp<"depthwise_nhwc"> {
  let summary = "2-D convolution of each channel by itself, channels last";
  let description = [{
    `input` is [N, H, W, C], `weight` [KH, KW, C]; `pads` is [top, left, bottom, right]. Each
    element's sum starts from the bias and runs over KH, KW with fused multiply-adds, skipping
    padding.
    ```mlir
    %r = nn.depthwise_nhwc %x, %w {strides = array<i64: 1, 1>, dilations = array<i64: 1, 1>,
        pads = array<i64: 1, 1, 1, 1>}
        : (tensor<1x8x8x4xf32>, tensor<3x3x4xf32>) -> tensor<1x8x8x4xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, RankedTensorOf<[F32]>:$weight,
                       Optional<RankedTensorOf<[F32]>>:$bias, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_MatMulPackedOp : NN_LayoutOp<"matmul_packed"> {
  let summary = "product with a constant matrix, packed in column blocks";
  let description = [{
    `input` is [..., K], `weight` [ceil(N / block), K, block] with the last block filled up with
    zeros; the result is [..., N]. Each element's sum starts from the bias and runs over K with fused
    multiply-adds; for a single row it is the sum of four interleaved sums.
    ```mlir
    %r = nn.matmul_packed %x, %w : (tensor<4x6xf32>, tensor<2x6x8xf32>) -> tensor<4x16xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, RankedTensorOf<[F32]>:$weight,
                       Optional<RankedTensorOf<[F32]>>:$bias);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `,` $weight (`bias` `(` $bias^ `)`)? attr-dict `:` functional-type(operands, results)";
}

def NN_PoolKind : I64EnumAttr<"PoolKind", "what a pool computes", [
    I64EnumAttrCase<"max", 0>, I64EnumAttrCase<"average", 1>,
    I64EnumAttrCase<"average_with_pads", 2>]> { let cppNamespace = "::pebble::nn"; }

def NN_PoolNhwcOp : NN_LayoutOp<"pool_nhwc"> {
  let summary = "2-D pool, channels last";
  let description = [{
    `average` divides by the number of window elements inside the input, `average_with_pads` by
    those inside the padded input.
    ```mlir
    %r = nn.pool_nhwc max, %x {kernel_shape = array<i64: 2, 2>, strides = array<i64: 2, 2>,
        dilations = array<i64: 1, 1>, pads = array<i64: 0, 0, 0, 0>}
        : (tensor<1x8x8x4xf32>) -> tensor<1x4x4x4xf32>
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$input, NN_PoolKind:$kind,
                       DenseI64ArrayAttr:$kernel_shape, DenseI64ArrayAttr:$strides,
                       DenseI64ArrayAttr:$dilations, DenseI64ArrayAttr:$pads);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "$kind `,` $input attr-dict `:` functional-type(operands, results)";
}

#endif // PEBBLE_DIALECTS_NN_NNLAYOUT
