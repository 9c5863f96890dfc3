# Where scripts/setup put oneDNN and ONNX. Pass -DQUANTIZE_DEPS=... for another place.
if(NOT DEFINED QUANTIZE_DEPS)
  execute_process(
    COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/scripts/setup" --print-prefix
    OUTPUT_VARIABLE QUANTIZE_DEPS
    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
set(QUANTIZE_DEPS "${QUANTIZE_DEPS}" CACHE PATH "Prefix that scripts/setup filled")
list(PREPEND CMAKE_PREFIX_PATH "${QUANTIZE_DEPS}/tools" "${QUANTIZE_DEPS}/onnx")

find_package(OpenMP REQUIRED)
find_package(dnnl CONFIG REQUIRED)
find_package(Protobuf REQUIRED)
find_package(ONNX CONFIG REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)
