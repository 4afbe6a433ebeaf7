// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Control flow. Regions capture outer values freely, as ONNX subgraphs do.
#ifndef PEBBLE_DIALECTS_NN_NNCONTROL
#define PEBBLE_DIALECTS_NN_NNCONTROL

include "mlir/IR/EnumAttr.td"
include "dialects/nn/NNDialect.td"

def NN_YieldOp : Op<NN_Dialect, "yield", [Pure, Terminator, ReturnLike, ParentOneOf<["IfOp", "LoopOp", "FusedOp"]>]> {
  let summary = "results of a region";
  let description = [{
    ```mlir
    nn.yield %x : tensor<4xf32>
    ```
  }];
  let arguments = (ins Variadic<NN_Tensor>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ }]>];
}

def NN_IfOp : Op<NN_Dialect, "if", [RecursiveMemoryEffects, NoRegionArguments, SingleBlock]> {
  let summary = "one of two regions";
  let description = [{
    `condition` has one element. A dim that differs between the branches is dynamic in the result.
    ```mlir
    %r = nn.if %c : (tensor<i1>) -> tensor<4xf32> {
      nn.yield %x : tensor<4xf32>
    } else {
      %1 = nn.neg %x : (tensor<4xf32>) -> tensor<4xf32>
      nn.yield %1 : tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins NN_BoolTensor:$condition);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition `:` functional-type($condition, $results) $then_region `else` $else_region attr-dict";
  let hasVerifier = 1;
}

def NN_LoopOp : Op<NN_Dialect, "loop", [RecursiveMemoryEffects, SingleBlock]> {
  let summary = "repeats a region while `condition` holds, `trip_count` times at most";
  let description = [{
    The region's arguments are the iteration number (tensor<i64>), the condition (tensor<i1>) and the
    carried values; it yields the next condition and the next carried values. Results are the last
    carried values. A dim that changes between iterations is dynamic. Scan outputs of ONNX loops are
    carried values that grow by concatenation.
    ```mlir
    %r = nn.loop %trips, %go iter(%x) : (tensor<i64>, tensor<i1>, tensor<4xf32>) -> tensor<4xf32> {
    ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<4xf32>):
      %1 = nn.add %v, %v : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
      nn.yield %c, %1 : tensor<i1>, tensor<4xf32>
    }
    ```
  }];
  let arguments = (ins NN_ShapeTensor:$trip_count, NN_BoolTensor:$condition, Variadic<NN_Tensor>:$initial);
  let results = (outs Variadic<NN_Tensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $trip_count `,` $condition (`iter` `(` $initial^ `)`)? `:` functional-type(operands, results)
    $body attr-dict
  }];
  let hasVerifier = 1;
}

#endif // PEBBLE_DIALECTS_NN_NNCONTROL
