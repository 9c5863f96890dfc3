# quantize_report_page(TARGET): builds src/app/report/* into one string of TARGET (app/report_template.h). Scripts are joined
# in the order of this list: each uses only what stands before it.
set(report_scripts elements table bars histogram layers strips graph sections quantize_page eval_page main)

function(quantize_report_page target)
  set(folder "${PROJECT_SOURCE_DIR}/src/app/report")
  set(output "${PROJECT_BINARY_DIR}/report_template.cpp")
  list(TRANSFORM report_scripts PREPEND "${folder}/" OUTPUT_VARIABLE scripts)
  list(TRANSFORM scripts APPEND ".js")
  add_custom_command(
    OUTPUT "${output}"
    COMMAND "${CMAKE_COMMAND}" "-DFOLDER=${folder}" "-DSCRIPTS=${scripts}" "-DOUTPUT=${output}"
            -P "${PROJECT_SOURCE_DIR}/cmake/embed_report_page.cmake"
    DEPENDS "${folder}/page.html" "${folder}/style.css" ${scripts} "${PROJECT_SOURCE_DIR}/cmake/embed_report_page.cmake"
    VERBATIM)
  target_sources(${target} PRIVATE "${output}")
endfunction()
