// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef PEBBLE_DIALECTS_NN_NNELEMENTWISE
#define PEBBLE_DIALECTS_NN_NNELEMENTWISE

include "mlir/IR/EnumAttr.td"
include "dialects/nn/NNDialect.td"

class NN_Unary<string mnemonic, string what, Type type = NN_FloatTensor>
    : NN_Op<mnemonic, [NN_Elementwise]> {
  let summary = what;
  string exampleElement = !cond(!eq(!cast<string>(type), "NN_BoolTensor") : "i1",
                                !eq(!cast<string>(type), "NN_IntTensor") : "ui8",
                                true : "f32");
  string exampleResult = exampleElement;
  let description = "Elementwise " # what # ". Source: the ONNX operator of the same meaning.\n\n"
      # "```mlir\n%r = nn." # mnemonic # " %x : (tensor<2x3x" # exampleElement
      # ">) -> tensor<2x3x" # exampleResult # ">\n```\n";
  let arguments = (ins type:$input);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

class NN_Binary<string mnemonic, string what, Type type = NN_NumericTensor>
    : NN_Op<mnemonic, [NN_Elementwise]> {
  let summary = what;
  string exampleElement = !cond(!eq(!cast<string>(type), "NN_BoolTensor") : "i1",
                                !eq(!cast<string>(type), "NN_IntTensor") : "ui8",
                                true : "f32");
  let description = "Elementwise " # what # " with NumPy broadcasting; both operands have one "
      # "element type.\n\n```mlir\n%r = nn." # mnemonic
      # " %a, %b : (tensor<2x3x" # exampleElement # ">, tensor<3x" # exampleElement
      # ">) -> tensor<2x3x" # exampleElement # ">\n```\n";
  let arguments = (ins type:$lhs, type:$rhs);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def NN_AbsOp : NN_Unary<"abs", "absolute value (of the least integer: itself)", NN_NumericTensor>;
def NN_NegOp : NN_Unary<"neg", "negation (integers wrap)", NN_NumericTensor>;
def NN_SignOp : NN_Unary<"sign", "sign: -1, 0 or 1; NaN stays NaN", NN_NumericTensor>;
def NN_CeilOp : NN_Unary<"ceil", "rounding up to an integer">;
def NN_FloorOp : NN_Unary<"floor", "rounding down to an integer">;
def NN_RoundOp : NN_Unary<"round", "rounding to the nearest integer, ties to even">;
def NN_SqrtOp : NN_Unary<"sqrt", "square root, correctly rounded">;
def NN_ReciprocalOp : NN_Unary<"reciprocal", "reciprocal: 1 / x, correctly rounded">;
def NN_ExpOp : NN_Unary<"exp", "natural exponential">;
def NN_LogOp : NN_Unary<"log", "natural logarithm">;
def NN_SinOp : NN_Unary<"sin", "sine">;
def NN_CosOp : NN_Unary<"cos", "cosine">;
def NN_TanOp : NN_Unary<"tan", "tangent">;
def NN_AsinOp : NN_Unary<"asin", "arc sine">;
def NN_AcosOp : NN_Unary<"acos", "arc cosine">;
def NN_AtanOp : NN_Unary<"atan", "arc tangent">;
def NN_SinhOp : NN_Unary<"sinh", "hyperbolic sine">;
def NN_CoshOp : NN_Unary<"cosh", "hyperbolic cosine">;
def NN_TanhOp : NN_Unary<"tanh", "hyperbolic tangent">;
def NN_AsinhOp : NN_Unary<"asinh", "inverse hyperbolic sine">;
def NN_AcoshOp : NN_Unary<"acosh", "inverse hyperbolic cosine">;
def NN_AtanhOp : NN_Unary<"atanh", "inverse hyperbolic tangent">;
def NN_ErfOp : NN_Unary<"erf", "Gauss error function">;
def NN_SigmoidOp : NN_Unary<"sigmoid", "logistic function 1 / (1 + exp(-x))">;
def NN_ReluOp : NN_Unary<"relu", "maximum of x and 0; NaN stays NaN", NN_NumericTensor>;
def NN_NotOp : NN_Unary<"not", "logical negation", NN_BoolTensor>;
def NN_BitwiseNotOp : NN_Unary<"bitwise_not", "complement of every bit", NN_IntTensor>;
def NN_IsNaNOp : NN_Unary<"is_nan", "test for NaN; the result is boolean"> {
  let exampleResult = "i1";
}

def NN_IsInfOp : NN_Op<"is_inf", [NN_Elementwise]> {
  let summary = "test for infinities; the result is boolean";
  let description = [{
    ```mlir
    %r = nn.is_inf %x {detect_negative = true, detect_positive = true}
        : (tensor<4xf32>) -> tensor<4xi1>
    ```
  }];
  let arguments = (ins NN_FloatTensor:$input, BoolAttr:$detect_negative, BoolAttr:$detect_positive);
  let results = (outs NN_BoolTensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

def NN_AddOp : NN_Binary<"add", "sum (integers wrap)">;
def NN_SubOp : NN_Binary<"sub", "difference (integers wrap)">;
def NN_MulOp : NN_Binary<"mul", "product (integers wrap)">;
def NN_DivOp : NN_Binary<"div", "quotient (integers truncate towards zero; x / 0 is 0 for integers)">;
def NN_PowOp : NN_Op<"pow", [NN_Elementwise]> {
  let summary = "power; the result has the base's element type";
  let description = [{
    ```mlir
    %r = nn.pow %x, %y : (tensor<4xf32>, tensor<i32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins NN_NumericTensor:$base, NN_NumericTensor:$exponent);
  let results = (outs NN_NumericTensor:$result);
  let assemblyFormat = "$base `,` $exponent attr-dict `:` functional-type(operands, results)";
}
def NN_MinOp : NN_Binary<"min", "minimum; NaN if either is NaN">;
def NN_MaxOp : NN_Binary<"max", "maximum; NaN if either is NaN">;
def NN_ModOp : NN_Op<"mod", [NN_Elementwise]> {
  let summary = "remainder";
  let description = [{
    With `fmod` the sign follows the dividend (C's fmod), without it the divisor (Python's %).
    An integer remainder by zero is 0.
    ```mlir
    %r = nn.mod %a, %b {fmod = false} : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
    ```
  }];
  let arguments = (ins NN_NumericTensor:$lhs, NN_NumericTensor:$rhs, BoolAttr:$fmod);
  let results = (outs NN_NumericTensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}
def NN_AndOp : NN_Binary<"and", "logical and", NN_BoolTensor>;
def NN_OrOp : NN_Binary<"or", "logical or", NN_BoolTensor>;
def NN_XorOp : NN_Binary<"xor", "logical exclusive or", NN_BoolTensor>;
def NN_BitwiseAndOp : NN_Binary<"bitwise_and", "bitwise and", NN_IntTensor>;
def NN_BitwiseOrOp : NN_Binary<"bitwise_or", "bitwise or", NN_IntTensor>;
def NN_BitwiseXorOp : NN_Binary<"bitwise_xor", "bitwise exclusive or", NN_IntTensor>;
def NN_ShiftLeftOp : NN_Binary<"shift_left", "left shift; by the width or more: 0", NN_IntTensor>;
def NN_ShiftRightOp : NN_Binary<"shift_right", "logical right shift; by the width or more: 0", NN_IntTensor>;

def NN_ComparePredicate : I64EnumAttr<"ComparePredicate", "comparison", [
    I64EnumAttrCase<"eq", 0>, I64EnumAttrCase<"lt", 1>, I64EnumAttrCase<"le", 2>,
    I64EnumAttrCase<"gt", 3>, I64EnumAttrCase<"ge", 4>]> {
  let cppNamespace = "::pebble::nn";
}

def NN_CompareOp : NN_Op<"compare", [NN_Elementwise]> {
  let summary = "comparison; false if either is NaN";
  let description = "```mlir\n%r = nn.compare lt, %a, %b : (tensor<3xf32>, tensor<f32>) -> tensor<3xi1>\n```";
  let arguments = (ins NN_ComparePredicate:$predicate, NN_Tensor:$lhs, NN_Tensor:$rhs);
  let results = (outs NN_BoolTensor:$result);
  let assemblyFormat = "$predicate `,` $lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def NN_SelectOp : NN_Op<"select", [NN_Elementwise]> {
  let summary = "`on_true` where the condition holds, `on_false` elsewhere; all three broadcast";
  let description = [{
    ```mlir
    %r = nn.select %c, %x, %y
        : (tensor<2x1xi1>, tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
    ```
  }];
  let arguments = (ins NN_BoolTensor:$condition, NN_Tensor:$on_true, NN_Tensor:$on_false);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$condition `,` $on_true `,` $on_false attr-dict `:` functional-type(operands, results)";
}

def NN_CastOp : NN_Op<"cast", [NN_Elementwise]> {
  let summary = "conversion to the element type `to`";
  let description = [{
    float -> integer truncates towards zero; outside the range the result saturates and NaN becomes
    0. integer -> integer wraps. float -> float rounds to nearest, ties to even. Anything -> `i1`
    is a test for non-zero.
    ```mlir
    %r = nn.cast %x {to = ui8} : (tensor<4xf32>) -> tensor<4xui8>
    ```
  }];
  let arguments = (ins NN_Tensor:$input, TypeAttr:$to);
  let results = (outs NN_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` functional-type(operands, results)";
}

#endif // PEBBLE_DIALECTS_NN_NNELEMENTWISE
