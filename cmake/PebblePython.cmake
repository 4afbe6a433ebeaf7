# The private Python environment that tools/setup makes: ONNX's wire format, the node tests, ONNX
# Runtime to compare with, the models of the end-to-end tests, ptxas.
if(DEFINED ENV{PEBBLE_CACHE})
  set(PEBBLE_CACHE_DEFAULT $ENV{PEBBLE_CACHE})
else()
  set(PEBBLE_CACHE_DEFAULT $ENV{HOME}/.cache/pebble)
endif()
set(PEBBLE_PYTHON ${PEBBLE_CACHE_DEFAULT}/venv/bin/python CACHE FILEPATH
  "Python of the environment that tools/setup makes")
if(NOT EXISTS ${PEBBLE_PYTHON})
  message(FATAL_ERROR "PEBBLE_PYTHON=${PEBBLE_PYTHON} does not exist: run tools/setup, or set "
    "PEBBLE_PYTHON to a Python that holds the packages of tools/requirements.txt")
endif()
execute_process(
  COMMAND ${PEBBLE_PYTHON} -c "import sysconfig; print(sysconfig.get_path('purelib'))"
  OUTPUT_VARIABLE PEBBLE_SITE_PACKAGES OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
