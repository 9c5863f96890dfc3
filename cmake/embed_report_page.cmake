# Run by the build: joins FOLDER/page.html, style.css and SCRIPTS, and writes them as a C++ string to OUTPUT.
file(READ "${FOLDER}/page.html" page)
file(READ "${FOLDER}/style.css" style)
set(script "")
foreach(file IN LISTS SCRIPTS)
  file(READ "${file}" text)
  string(APPEND script "${text}\n")
endforeach()
string(REPLACE "/*{{style}}*/" "${style}" page "${page}")
string(REPLACE "/*{{script}}*/" "${script}" page "${page}")
file(WRITE "${OUTPUT}" "#include \"app/report_template.h\"

namespace quant {

constexpr std::string_view kReportTemplate = R\"page(${page})page\";

}  // namespace quant
")
