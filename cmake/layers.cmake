# SPDX-License-Identifier: ISC

# dm_layer(NAME SOURCES file... [DEPENDS layer...] [LIBRARIES target...]
#          [FAULTY file...])
# One static library for each top-level folder. Its DEPENDS are its arrows: what
# is not linked cannot be used, and tools/check_layers.py says so for headers.
# FAULTY names those of its sources that hold a DM_FAULT() (base/fault.h). They
# are compiled once more with DM_SIM, and the simulator's programs link these
# objects, which then stand before the same files of the library.
function(dm_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES;FAULTY" ${ARGN})
  add_library(dm_${name} STATIC ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPENDS PREPEND dm_)
  target_include_directories(
    dm_${name} PUBLIC ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/generated)
  target_link_libraries(
    dm_${name}
    PUBLIC ${ARG_DEPENDS}
    PRIVATE ${ARG_LIBRARIES} dm_warnings)
  if(ARG_FAULTY)
    add_library(dm_${name}_faulty OBJECT EXCLUDE_FROM_ALL ${ARG_FAULTY})
    target_compile_definitions(dm_${name}_faulty PRIVATE DM_SIM)
    target_link_libraries(dm_${name}_faulty PRIVATE dm_${name} ${ARG_LIBRARIES}
                                                    dm_warnings)
    set_property(GLOBAL APPEND PROPERTY DM_FAULTY_OBJECTS
                                        $<TARGET_OBJECTS:dm_${name}_faulty>)
  endif()
endfunction()

# dm_unit_tests(LAYER module...): tests/unit/LAYER/test_MODULE.c, one program
# each, run by CTest as unit.LAYER.MODULE. A test that needs what only some
# machines have exits with 77 after one line that says what: it is skipped.
function(dm_unit_tests layer)
  if(NOT BUILD_TESTING)
    return()
  endif()
  foreach(module IN LISTS ARGN)
    set(target test_${layer}_${module})
    add_executable(
      ${target} ${PROJECT_SOURCE_DIR}/tests/unit/${layer}/test_${module}.c)
    target_link_libraries(${target} PRIVATE dm_${layer} dm_warnings)
    add_test(NAME unit.${layer}.${module} COMMAND ${target})
    set_tests_properties(
      unit.${layer}.${module}
      PROPERTIES LABELS unit TIMEOUT 60 SKIP_RETURN_CODE 77
                 WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  endforeach()
endfunction()

# dm_threaded_tests(LAYER module...): of the unit tests above, those that start
# threads; ThreadSanitizer runs what is labelled so (ctest -L threads). The
# target threaded_tests builds them alone.
add_custom_target(threaded_tests)
function(dm_threaded_tests layer)
  if(NOT BUILD_TESTING)
    return()
  endif()
  foreach(module IN LISTS ARGN)
    set_property(TEST unit.${layer}.${module} APPEND PROPERTY LABELS threads)
    add_dependencies(threaded_tests test_${layer}_${module})
  endforeach()
endfunction()

# dm_fuzz_target(NAME LAYER): tests/fuzz/fuzz_NAME.c with the corpus
# tests/fuzz/corpus/NAME/ and, where there is one, tests/fuzz/NAME.dict. With
# DM_FUZZ it is a libFuzzer program; in every other build the corpus is replayed
# by CTest as fuzz.NAME. The target fuzz_targets builds them alone.
add_custom_target(fuzz_targets)
function(dm_fuzz_target name layer)
  if(NOT BUILD_TESTING)
    return()
  endif()
  set(source ${PROJECT_SOURCE_DIR}/tests/fuzz/fuzz_${name}.c)
  if(DM_FUZZ)
    add_executable(fuzz_${name} ${source})
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    add_executable(fuzz_${name} ${source}
                   ${PROJECT_SOURCE_DIR}/tests/fuzz/replay.c)
    add_test(NAME fuzz.${name}
             COMMAND fuzz_${name} ${PROJECT_SOURCE_DIR}/tests/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 120)
  endif()
  target_link_libraries(fuzz_${name} PRIVATE dm_${layer} dm_warnings)
  add_dependencies(fuzz_targets fuzz_${name})
endfunction()
