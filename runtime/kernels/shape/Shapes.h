// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All shape function templates; Shapes.def lists which op uses which.
#ifndef PEBBLE_RUNTIME_KERNELS_SHAPE_SHAPES_H
#define PEBBLE_RUNTIME_KERNELS_SHAPE_SHAPES_H

#include "runtime/kernels/shape/Indexing.h"
#include "runtime/kernels/shape/Quantized.h"
#include "runtime/kernels/shape/Recurrent.h"
#include "runtime/kernels/shape/Reduce.h"
#include "runtime/kernels/shape/Signal.h"
#include "runtime/kernels/shape/Structure.h"
#include "runtime/kernels/shape/Window.h"

#endif // PEBBLE_RUNTIME_KERNELS_SHAPE_SHAPES_H
