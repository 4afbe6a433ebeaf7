# C++ to LLVM bitcode that the compiler embeds and links into models.

# - ThinLTO's pre-link pipeline neither vectorizes nor unrolls: the final target decides on widths.
# - Not -ffreestanding: it marks functions no-builtins, and the inliner then refuses them.
# - Contraction would make results depend on the host. Some kernels write as integers of the
#   element's size what others read as floats, so type-based aliasing would break them once inlined.
set(PEBBLE_KERNEL_FLAGS -O2 -ffp-contract=off -fno-math-errno -fno-strict-aliasing)
set(PEBBLE_BITCODE_FLAGS -std=c++20 ${PEBBLE_KERNEL_FLAGS} -flto=thin -fno-exceptions -fno-rtti
    -fno-asynchronous-unwind-tables -fno-unwind-tables -fno-stack-protector
    -fno-vectorize -fno-slp-vectorize -fno-ident -Wall -Wextra -Wno-unused-parameter
    -I${CMAKE_SOURCE_DIR} -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
get_filename_component(clang_path ${PEBBLE_CLANG} REALPATH)
get_filename_component(clang_dir ${clang_path} DIRECTORY)
find_program(PEBBLE_LLVM_LINK NAMES llvm-link llvm-link-22
             HINTS ${LLVM_TOOLS_BINARY_DIR} ${clang_dir} REQUIRED)
find_program(PEBBLE_LLVM_AS NAMES llvm-as llvm-as-22
             HINTS ${LLVM_TOOLS_BINARY_DIR} ${clang_dir} REQUIRED)

# pebble_compile_bitcode(OUTPUT SOURCE TRIPLE flags...)
function(pebble_compile_bitcode output source triple)
  get_filename_component(folder ${output} DIRECTORY)
  file(MAKE_DIRECTORY ${folder})
  file(RELATIVE_PATH name ${CMAKE_BINARY_DIR} ${output})
  add_custom_command(OUTPUT ${output}
    COMMAND ${CMAKE_CXX_COMPILER_LAUNCHER} ${PEBBLE_CLANG} --target=${triple}
            ${PEBBLE_BITCODE_FLAGS} ${ARGN} -MD -MF ${output}.d -emit-llvm -c ${source} -o ${output}
    DEPENDS ${source} DEPFILE ${output}.d
    COMMENT "Bitcode ${name}" VERBATIM)
endfunction()

# pebble_link_bitcode(OUTPUT parts...) joins the parts. target-cpu and the like go, so that
# functions take the target machine's.
function(pebble_link_bitcode output)
  add_custom_command(OUTPUT ${output}
    COMMAND ${PEBBLE_LLVM_LINK} -S ${ARGN} -o ${output}.ll
    COMMAND sed -E -i
            "s/ \"(target-cpu|target-features|tune-cpu|min-legal-vector-width)\"=\"[^\"]*\"//g"
            ${output}.ll
    COMMAND ${PEBBLE_LLVM_AS} ${output}.ll -o ${output}
    BYPRODUCTS ${output}.ll
    DEPENDS ${ARGN} COMMENT "Bitcode library ${output}" VERBATIM)
endfunction()
