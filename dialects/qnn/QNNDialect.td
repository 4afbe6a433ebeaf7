// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_QNN_QNNDIALECT
#define PEBBLE_DIALECTS_QNN_QNNDIALECT

include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "dialects/nn/NNDialect.td"

def QNN_Dialect : Dialect {
  let name = "qnn";
  let cppNamespace = "::pebble::qnn";
  let summary = "Layers on quantized tensors.";
  let description = [{
    A quantized tensor has the element type `!quant.uniform<STORAGE:f32, SCALE:ZERO>` of upstream's
    quant dialect: a *code* q stands for the number `SCALE * (q - ZERO)`. Storage is `i2` to `i8`
    and `u2` to `u8`, `i16`, `u16`, and `i32` for biases; a narrower range of codes is written
    `u8<5:250>`. Weights can have one scale and zero point for each output channel,
    `!quant.uniform<i8:f32:0, {0.5, 0.25}>`.

    What each layer computes, bit by bit, is in docs/integer-contract.md; the module attribute
    `qnn.rounding` names the contract, `"onnx"` or `"tflite"`.

    There are two kinds of op, as in `nn`:
    * *layers* on quantized tensors, which is where passes reason about scales and ranges;
    * *kernels* on plain `ui8` codes, channels last, with packed weights, which name routines of the
      kernel library. `lower-quantized` goes from the first to the second. Signed codes are held
      with 128 added, so that every kernel exists once.
  }];
  let dependentDialects = ["::mlir::quant::QuantDialect", "::pebble::nn::NNDialect"];
  let hasOperationAttrVerify = 1;
}

def QNN_PerTensor : Type<CPred<"::llvm::isa<::mlir::quant::UniformQuantizedType>($_self)">,
                         "uniform quantized">;
def QNN_PerAxis : Type<CPred<"::llvm::isa<::mlir::quant::UniformQuantizedPerAxisType>($_self)">,
                       "uniform quantized per axis">;

def QNN_Activation : RankedTensorOf<[QNN_PerTensor]>;
def QNN_Tensor : RankedTensorOf<[QNN_PerTensor, QNN_PerAxis]>;
def QNN_Float : RankedTensorOf<[F32]>;
def QNN_Codes : RankedTensorOf<[I8, I16, I32, UI8, UI16]>;

#endif // PEBBLE_DIALECTS_QNN_QNNDIALECT
