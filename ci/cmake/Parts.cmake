# How a folder becomes targets. A part is one folder: its sources make a library, the tests beside them make
# a test program, the benchmarks beside them a benchmark program. Nothing is listed by hand, so nothing is forgotten.
#
#   plumb_part(NAME name [REGISTERS] [RECURSIVE] [COLD] [DEPS targets...] [TEST_DEPS targets...] [SOURCES files...])
#
#   *.cc           library `name`; with REGISTERS every object is linked in, so that static registrations survive
#   *_test.cc      program `name_test`, one ctest entry with label "unit"
#   *_itest.cc     program `name_itest`, label "integration", run alone (root, namespaces, daemons)
#                  a test program whose tests all skip is shown as skipped by ctest
#   *_bench.cc     program `name_bench`, Google Benchmark
#   *_main.cc      ignored here: a program of its own, see plumb_program
#   RECURSIVE      takes the sub-folders too (one plug-in a folder)
#   COLD           runs too seldom for its speed to matter: built at -O1 also where the rest is at -O2
#
# The sources of a target are compiled several at a time: nearly all of their time goes into headers, so eight take little longer than one. Names
# at file scope are therefore unique within a part, those in unnamed namespaces too. -DPLUMB_UNITY=OFF compiles each alone.

set(PLUMB_OWN_FLAGS -Wall -Wextra -Werror -Wno-missing-field-initializers)
set(PLUMB_SKIPPED 77)  # what ci/checks/test_main.cc exits with when every test skipped
# g++ 12.2 with this pass loses text that api::Str keeps in place: api_test fails without the flag. Below -O2 the pass does not run.
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_FLAGS MATCHES "-O[23]")
  list(APPEND PLUMB_OWN_FLAGS -fno-tree-slp-vectorize)
endif()
set_property(GLOBAL PROPERTY PLUMB_TEST_FILES "")  # every test and benchmark that reached a target
set_property(GLOBAL PROPERTY PLUMB_PARTS "")
add_library(plumb_options INTERFACE)
target_include_directories(plumb_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
target_compile_options(plumb_options INTERFACE ${PLUMB_OWN_FLAGS})
target_link_libraries(plumb_options INTERFACE Threads::Threads)

if(PLUMB_SANITIZE)
  add_compile_options(-fsanitize=${PLUMB_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PLUMB_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
    # g++ 12 warns of std::regex's own members in instrumented code, and of fences that tsan does not see.
    add_compile_options(-Wno-maybe-uninitialized -Wno-tsan)
  endif()
endif()

add_library(plumb_test_main STATIC ${CMAKE_SOURCE_DIR}/ci/checks/test_main.cc)
target_link_libraries(plumb_test_main PUBLIC plumb_options GTest::gtest GTest::gmock)

option(PLUMB_UNITY "compile several sources of a target at a time" ON)

# By a hash of the name, so that a new source moves no other.
function(plumb_compile_together target)
  list(LENGTH ARGN count)
  if(NOT PLUMB_UNITY OR count LESS 3)
    return()
  endif()
  set(groups 1)
  while(count GREATER 8)
    math(EXPR groups "${groups} * 2")
    math(EXPR count "(${count} + 1) / 2")
  endwhile()
  foreach(source ${ARGN})
    file(RELATIVE_PATH name ${CMAKE_CURRENT_SOURCE_DIR} ${source})
    string(MD5 hash "${name}")
    string(SUBSTRING ${hash} 0 6 digits)
    math(EXPR group "0x${digits} % ${groups}")
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${target}_${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
  # It takes a source that a unit includes for a header, in which an anonymous namespace would be a mistake.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endfunction()

function(plumb_part)
  cmake_parse_arguments(P "REGISTERS;RECURSIVE;COLD" "NAME" "DEPS;TEST_DEPS;SOURCES" ${ARGN})
  if(P_RECURSIVE)
    file(GLOB_RECURSE all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  else()
    file(GLOB all CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  endif()
  set(sources ${all})
  list(FILTER sources EXCLUDE REGEX "_(test|itest|bench|main)\\.cc$")
  list(APPEND sources ${P_SOURCES})

  set(library ${P_NAME})
  if(NOT sources)
    add_library(${P_NAME} INTERFACE)
    target_link_libraries(${P_NAME} INTERFACE plumb_options ${P_DEPS})
  elseif(P_REGISTERS)
    set(library ${P_NAME}_objects)
    add_library(${library} STATIC ${sources})
    target_link_libraries(${library} PUBLIC plumb_options ${P_DEPS})
    add_library(${P_NAME} INTERFACE)
    target_link_libraries(${P_NAME} INTERFACE "$<LINK_LIBRARY:WHOLE_ARCHIVE,${P_NAME}_objects>" ${P_DEPS} plumb_options)
  else()
    add_library(${P_NAME} STATIC ${sources})
    target_link_libraries(${P_NAME} PUBLIC plumb_options ${P_DEPS})
  endif()
  if(sources)
    plumb_compile_together(${library} ${sources})
  endif()
  if(P_COLD AND CMAKE_CXX_FLAGS MATCHES "-O[23]")
    target_compile_options(${library} PRIVATE -O1)
  endif()

  set_property(GLOBAL APPEND PROPERTY PLUMB_PARTS ${P_NAME})

  foreach(kind test itest bench)
    set(files ${all})
    list(FILTER files INCLUDE REGEX "_${kind}\\.cc$")
    if(files)
      add_executable(${P_NAME}_${kind} ${files})
      target_link_libraries(${P_NAME}_${kind} PRIVATE ${P_NAME} ${P_TEST_DEPS})
      plumb_compile_together(${P_NAME}_${kind} ${files})
      set_property(GLOBAL APPEND PROPERTY PLUMB_TEST_FILES ${files})
      if(kind STREQUAL bench)
        target_link_libraries(${P_NAME}_${kind} PRIVATE benchmark::benchmark benchmark::benchmark_main)
      else()
        target_link_libraries(${P_NAME}_${kind} PRIVATE plumb_test_main)
        add_test(NAME ${P_NAME}_${kind} COMMAND ${P_NAME}_${kind} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${P_NAME}_${kind} PROPERTIES SKIP_RETURN_CODE ${PLUMB_SKIPPED})
        if(kind STREQUAL test)
          set_tests_properties(${P_NAME}_${kind} PROPERTIES LABELS unit TIMEOUT 300)
        else()
          set_tests_properties(${P_NAME}_${kind} PROPERTIES LABELS integration TIMEOUT 900 RUN_SERIAL ON)
        endif()
      endif()
    endif()
  endforeach()
endfunction()

#   plumb_program(name main.cc DEPS targets...)   a program in bin/
function(plumb_program name main)
  cmake_parse_arguments(P "" "" "DEPS" ${ARGN})
  add_executable(${name} ${main})
  target_link_libraries(${name} PRIVATE plumb_options ${P_DEPS})
endfunction()
