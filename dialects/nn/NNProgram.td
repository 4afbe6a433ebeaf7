// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How layers are grouped into kernels.
#ifndef PEBBLE_DIALECTS_NN_NNPROGRAM
#define PEBBLE_DIALECTS_NN_NNPROGRAM

include "mlir/IR/SymbolInterfaces.td"
include "dialects/nn/NNDialect.td"

def NN_FusedOp : Op<NN_Dialect, "fused", [Pure, IsolatedFromAbove, SingleBlock]> {
  let summary = "layers that become one kernel";
  let description = [{
    The region's arguments stand for `inputs`; it holds layers and small constants and yields the
    results. Its location lists the nodes it was fused from.
    ```mlir
    %r = nn.fused %x : (tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%a: tensor<4xf32>):
      %1 = nn.relu %a : (tensor<4xf32>) -> tensor<4xf32>
      nn.yield %1 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins Variadic<NN_Tensor>:$inputs);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$inputs `:` functional-type($inputs, $results) $body attr-dict";
  let hasVerifier = 1;
}

def NN_LaunchOp : Op<NN_Dialect, "launch", [Pure]> {
  let summary = "runs an outlined kernel";
  let description = [{
    `kernel` names a private function of the module whose type is this op's.
    ```mlir
    %r = nn.launch @kernel(%x) : (tensor<4xf32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<NN_Tensor>:$inputs);
  let results = (outs Variadic<NN_Tensor>:$results);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $results)";
}

#endif // PEBBLE_DIALECTS_NN_NNPROGRAM
