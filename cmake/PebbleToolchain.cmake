# Finds LLVM 22 and MLIR 22 and holds the helpers that every folder's CMakeLists.txt uses.

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

# LLVM's version file accepts only the same major.minor.
find_package(MLIR 22.1 REQUIRED CONFIG HINTS /usr/lib/llvm-22/lib/cmake/mlir)
list(APPEND CMAKE_MODULE_PATH ${MLIR_CMAKE_DIR} ${LLVM_CMAKE_DIR})
include(TableGen)
include(AddLLVM)
include(AddMLIR)
separate_arguments(PEBBLE_LLVM_DEFINITIONS NATIVE_COMMAND "${LLVM_DEFINITIONS}")
add_definitions(${PEBBLE_LLVM_DEFINITIONS})
include_directories(SYSTEM ${LLVM_INCLUDE_DIRS} ${MLIR_INCLUDE_DIRS})

find_program(PEBBLE_CLANG NAMES clang++-22 REQUIRED
  DOC "clang++ 22: compiles the kernel library to bitcode")

add_compile_options(-Wall -Wextra -Wno-unused-parameter)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # The default linker of the distribution takes seconds where lld takes tenths.
  add_link_options(-fuse-ld=lld)
endif()

# Every part of the compiler ends up in one shared library, so that the tools and a pass plugin see
# the same TypeIDs. `pebble_compiler_sources(NAME sources... [DEPENDS targets...]
# [LIBRARIES libraries...])` adds a folder's object library to it, and what that folder links.
define_property(GLOBAL PROPERTY PEBBLE_COMPILER_PARTS)
define_property(GLOBAL PROPERTY PEBBLE_COMPILER_LIBRARIES)
function(pebble_compiler_sources name)
  cmake_parse_arguments(ARG "" "PRECOMPILE" "DEPENDS;LIBRARIES" ${ARGN})
  add_library(${name} OBJECT ${ARG_UNPARSED_ARGUMENTS})
  set_property(GLOBAL APPEND PROPERTY PEBBLE_COMPILER_PARTS ${name})
  if(ARG_DEPENDS)
    add_dependencies(${name} ${ARG_DEPENDS})
  endif()
  if(ARG_PRECOMPILE)
    target_precompile_headers(${name} PRIVATE ${CMAKE_SOURCE_DIR}/${ARG_PRECOMPILE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
      # Times would make equal headers different, for the compiler and its cache.
      target_compile_options(${name} PRIVATE "SHELL:-Xclang -fno-pch-timestamp")
    endif()
  endif()
  if(ARG_LIBRARIES)
    target_link_libraries(${name} PRIVATE ${ARG_LIBRARIES})
    set_property(GLOBAL APPEND PROPERTY PEBBLE_COMPILER_LIBRARIES ${ARG_LIBRARIES})
  endif()
endfunction()
