# Flags that every target of ours is built with.
add_library(quantize_options INTERFACE)
target_compile_options(quantize_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(QUANTIZE_WERROR)
  target_compile_options(quantize_options INTERFACE -Werror)
endif()
if(QUANTIZE_SANITIZE)
  # A null pointer stops the program without a check of its own, and the checks for it double the build's time.
  target_compile_options(quantize_options INTERFACE -fsanitize=address,undefined -fno-sanitize=null,vptr
                                                   -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  target_link_options(quantize_options INTERFACE -fsanitize=address,undefined)
endif()

# quantize_layer(NAME LINK LIBRARY...): the static library of src/NAME, linked with other layers (by folder name) and
# outside libraries.
function(quantize_layer name)
  cmake_parse_arguments(ARG "" "" "LINK" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
  set(library "quantize_${name}")
  if(NOT sources)
    add_library(${library} INTERFACE)
    return()
  endif()
  add_library(${library} STATIC ${sources})
  target_include_directories(${library} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(${library} PRIVATE quantize_options)
  if(QUANTIZE_SANITIZE) # kernels run whole networks in tests; the tests themselves stay at -O0, which builds faster
    target_compile_options(${library} PRIVATE -O1)
  endif()
  foreach(dependency IN LISTS ARG_LINK)
    if(dependency MATCHES "::")
      target_link_libraries(${library} PUBLIC ${dependency})
    else()
      target_link_libraries(${library} PUBLIC "quantize_${dependency}")
    endif()
  endforeach()
endfunction()
