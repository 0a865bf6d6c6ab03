# Puts the manifests of conformance tests into the program, so that `plumb` is one file.
#
#   plumb_embed_manifests(out-variable)   for every suite/test.yaml below this folder, registers Manifest "suite/test";
#                                         the variable names the source to compile
function(plumb_embed_manifests out)
  file(GLOB_RECURSE manifests CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*.yaml)
  set(code "#include \"harness/runner/conformance_test.h\"\n\nusing plumb::harness::Manifest;\n\n")
  set(count 0)
  foreach(manifest ${manifests})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${manifest})
    file(READ ${manifest} text)
    string(REGEX REPLACE "\\.yaml$" "" name ${manifest})
    string(APPEND code "static const plumb::Registered<Manifest> registered_${count}{\"${name}\", [] {\n"
           "  return std::make_unique<Manifest>(Manifest{R\"PLUMB(${text})PLUMB\"});\n}};\n")
    math(EXPR count "${count} + 1")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/manifests.cc CONTENT "@code@" @ONLY)
  set(${out} ${CMAKE_CURRENT_BINARY_DIR}/manifests.cc PARENT_SCOPE)
endfunction()

#   plumb_embed_tables(out-variable folder)   the same for every table.tsv of that folder, as UpstreamTable "table"
function(plumb_embed_tables out folder)
  file(GLOB tables CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${folder}/*.tsv)
  set(code "#include \"harness/runner/coverage/upstream_list.h\"\n\nusing plumb::harness::UpstreamTable;\n\n")
  foreach(table ${tables})
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${table})
    file(READ ${table} text)
    cmake_path(GET table STEM name)
    string(APPEND code "static const plumb::Registered<UpstreamTable> registered_${name}{\"${name}\", [] {\n"
           "  return std::make_unique<UpstreamTable>(UpstreamTable{R\"PLUMB(${text})PLUMB\"});\n}};\n")
  endforeach()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/tables.cc CONTENT "@code@" @ONLY)
  set(${out} ${CMAKE_CURRENT_BINARY_DIR}/tables.cc PARENT_SCOPE)
endfunction()
