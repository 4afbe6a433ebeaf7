// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_NN_NNDIALECT
#define PEBBLE_DIALECTS_NN_NNDIALECT

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def NN_Dialect : Dialect {
  let name = "nn";
  let cppNamespace = "::pebble::nn";
  let summary = "Dense neural-network layers on tensors.";
  let description = [{
    Layers on ranked tensors of f16, bf16, f32, f64, signed integers (`iN`), unsigned integers
    (`uiN`), N in {8, 16, 32, 64}, and booleans (`i1`). Values are immutable. Semantics follow the
    ONNX operators that the ops are named after; composite ONNX operators arrive decomposed.

    Two kinds of op:
    * *elementwise* ops broadcast their operands the NumPy way and are code-generated;
    * *kernel* ops name a routine of the kernel library (`runtime/kernels`), whose shape function
      also is the op's shape inference. A target may generate better code for any of them.
  }];
  let hasConstantMaterializer = 1;
  let useDefaultAttributePrinterParser = 0;
}

def NN_Float : AnyTypeOf<[F16, BF16, F32, F64], "float">;
def NN_Int : AnyTypeOf<[I8, I16, I32, I64, UI8, UI16, UI32, UI64], "integer">;
def NN_Element : AnyTypeOf<[NN_Float, NN_Int, I1], "element type">;

def NN_Tensor : RankedTensorOf<[NN_Float, NN_Int, I1]>;
def NN_FloatTensor : RankedTensorOf<[NN_Float]>;
def NN_NumericTensor : RankedTensorOf<[NN_Float, NN_Int]>;
def NN_IntTensor : RankedTensorOf<[NN_Int]>;
def NN_BoolTensor : RankedTensorOf<[I1]>;
def NN_IndexTensor : RankedTensorOf<[I32, I64]>;
def NN_ShapeTensor : RankedTensorOf<[I64]>;

def NN_AutoPad : I64EnumAttr<"AutoPad", "where pads come from", [
    I64EnumAttrCase<"explicit_pads", 0>, I64EnumAttrCase<"same_upper", 1>,
    I64EnumAttrCase<"same_lower", 2>]> { let cppNamespace = "::pebble::nn"; }

// Element type of every op result follows from the operands and attributes; so do the dims as far
// as they are known. A result may be more static than what is inferred, never contradict it.
class NN_InferredOp<Dialect dialect, string mnemonic, list<Trait> traits>
    : Op<dialect, mnemonic,
         traits # [Pure, DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let extraClassDeclaration = [{
    static bool isCompatibleReturnTypes(::mlir::TypeRange inferred, ::mlir::TypeRange actual);
  }];
  // The function of dialects/nn/Inference.h that infers this op's result types.
  string inferenceFunction = "inferElementwise";
  code inferenceDefinition = [{
    ::llvm::LogicalResult $cppClass::inferReturnTypes(
        ::mlir::MLIRContext *context, ::std::optional<::mlir::Location> location,
        ::mlir::ValueRange operands, ::mlir::DictionaryAttr attributes,
        ::mlir::OpaqueProperties properties, ::mlir::RegionRange,
        ::llvm::SmallVectorImpl<::mlir::Type> &results) {
      return ::pebble::nn::}] # inferenceFunction # [{(
          ::pebble::nn::describe<$cppClass>(context, attributes, properties), location, operands,
          results);
    }
    bool $cppClass::isCompatibleReturnTypes(::mlir::TypeRange inferred,
                                            ::mlir::TypeRange actual) {
      return ::pebble::nn::areCompatible(inferred, actual);
    }
  }];
  let extraClassDefinition = inferenceDefinition;
}
class NN_Op<string mnemonic, list<Trait> traits = []> : NN_InferredOp<NN_Dialect, mnemonic, traits>;

// Broadcasts its operands; result element i depends on the operands' elements i alone.
def NN_Elementwise : NativeOpTrait<"ElementwiseOp"> { let cppNamespace = "::pebble::nn"; }

def KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::pebble::nn";
  let description = [{
    An op that the kernel library implements as `pebble_kernel_<mnemonic>_<dtype>` with the shape
    function `pebble_shape_<mnemonic>` (see runtime/abi/pebble_abi.h for both signatures).
  }];
  let methods = [
    StaticInterfaceMethod<"Positions (in the declared operand list) of operands whose values, not "
                          "only dims, decide result shapes.",
                          "llvm::ArrayRef<unsigned>", "getShapeOperands">,
    StaticInterfaceMethod<"Names of the declared operands and attributes, in declared order.",
                          "llvm::ArrayRef<llvm::StringRef>", "getArgumentNames">,
    StaticInterfaceMethod<"Whether the one declared operand is a list.",
                          "bool", "hasVariadicOperands">,
  ];
}

// The dialects that have kernel ops share one kernel library, so their mnemonics differ.
class NN_LibraryOp<Dialect dialect, string mnemonic, list<int> shapeOperands, list<Trait> traits>
    : NN_InferredOp<dialect, mnemonic, traits # [DeclareOpInterfaceMethods<KernelOpInterface>]> {
  let inferenceFunction = "inferKernel";
  bit variadicOperands = 0;
  code shapeOperandsBody = !if(!empty(shapeOperands),
      "  return {};",
      "  static constexpr unsigned positions[] = {" # !interleave(shapeOperands, ", ") #
          "};\n  return positions;");
  // ODS sorts attribute names; the kernel library takes them in declared order.
  list<string> argumentNames = !foreach(i, !range(!size(arguments)),
                                        "\"" # !getdagname(arguments, i) # "\"");
  let extraClassDefinition = inferenceDefinition #
      "::llvm::ArrayRef<unsigned> $cppClass::getShapeOperands() {\n" # shapeOperandsBody # "\n}\n" #
      "::llvm::ArrayRef<::llvm::StringRef> $cppClass::getArgumentNames() {\n" #
      "  static constexpr ::llvm::StringRef names[] = {" # !interleave(argumentNames, ", ") #
      "};\n  return names;\n}\n" #
      "bool $cppClass::hasVariadicOperands() { return " # variadicOperands # "; }\n";
}
class NN_KernelOp<string mnemonic, list<int> shapeOperands = [], list<Trait> traits = []>
    : NN_LibraryOp<NN_Dialect, mnemonic, shapeOperands, traits>;

#endif // PEBBLE_DIALECTS_NN_NNDIALECT
