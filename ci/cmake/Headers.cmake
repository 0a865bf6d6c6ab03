# headers_check: every header of the tree compiles when it is included alone. One tiny source a header, so that only what changed is compiled again.
# To be included after all parts.
file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
  ${CMAKE_SOURCE_DIR}/harness/*.h ${CMAKE_SOURCE_DIR}/reference/*.h ${CMAKE_SOURCE_DIR}/conformance/*.h ${CMAKE_SOURCE_DIR}/perf/*.h
  ${CMAKE_SOURCE_DIR}/fixtures/*.h ${CMAKE_SOURCE_DIR}/reports/*.h ${CMAKE_SOURCE_DIR}/ci/*.h)
set(header_sources)
foreach(header ${headers})
  string(REPLACE "/" "__" name ${header})
  set(source ${CMAKE_BINARY_DIR}/headers_check/${name}.cc)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n" @ONLY)
  list(APPEND header_sources ${source})
endforeach()
add_library(headers_check OBJECT EXCLUDE_FROM_ALL ${header_sources})
get_property(parts GLOBAL PROPERTY PLUMB_PARTS)
target_link_libraries(headers_check PRIVATE ${parts} GTest::gtest)
target_compile_options(headers_check PRIVATE -O0 -g0)
