# Precompiled headers for the tests: what every test includes, and for a learner with clang the lessons before theirs.
#
# What this buys a learner with clang 19, in seconds of CPU from a save to a linked test (04.1, 05.3, 09.3):
#
#                                                            04.1   05.3   09.3
#   precompiled headers alone                                1.15   1.1    3.9
#   and their code compiled once (pbp_compile_pch)           1.0           3.5
#   and what most tests instantiate (support/precompiled)    0.75   1.2    2.8
#
# The largest file of 10.4 takes 2.1 instead of 2.7 s of CPU, because outcomes and tasks (handles.hpp) are among it.

set(PBP_COMMON_HEADERS <fmt/format.h>
    <algorithm> <array> <atomic> <chrono> <concepts> <coroutine> <cstddef> <cstdint> <exception> <functional>
    <latch> <memory> <mutex> <condition_variable> <thread> <optional> <span> <stdexcept> <string> <string_view>
    <system_error> <tuple> <type_traits> <utility> <variant> <vector>)

# A target that holds a precompiled header: what every test includes, and HEADERS.
function(pbp_define_pch TARGET)
    set(SOURCE "${CMAKE_CURRENT_BINARY_DIR}/pch.cpp")
    file(CONFIGURE OUTPUT "${SOURCE}" CONTENT "// Belongs to a precompiled header that tests share.\n")
    add_library(${TARGET} OBJECT "${SOURCE}")
    target_link_libraries(${TARGET} PRIVATE pbp-options doctest::doctest fmt::fmt Threads::Threads)
    pbp_set_symbols(${TARGET})
    target_precompile_headers(${TARGET} PRIVATE <doctest/doctest.h> ${PBP_COMMON_HEADERS} ${ARGN})
    if(PBP_LEARNER AND CMAKE_GENERATOR STREQUAL "Ninja"
            AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER_EQUAL 16)
        pbp_compile_pch(${TARGET})
    endif()
endfunction()

# The same for programs, without doctest. It takes a quarter of their compile time away with g++.
function(pbp_define_program_pch)
    add_library(pbp-program-pch OBJECT "${CMAKE_CURRENT_BINARY_DIR}/pch.cpp")
    target_link_libraries(pbp-program-pch PRIVATE pbp-options fmt::fmt Threads::Threads)
    target_precompile_headers(pbp-program-pch PRIVATE ${PBP_COMMON_HEADERS})
endfunction()

# What TARGET's precompiled header defines and instantiates is compiled once, into the file of its property PBP_CODE. A target
# that uses the header and links that file does not compile it again, which is half of what a learner waits for. (Only with
# Ninja. CMake doesn't promise that other generators know which rule makes the header.)
function(pbp_compile_pch TARGET)
    set(PCH "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${TARGET}.dir/cmake_pch.hxx.pch")
    set(CODE "${CMAKE_CURRENT_BINARY_DIR}/${TARGET}.o")
    string(TOUPPER "${CMAKE_BUILD_TYPE}" TYPE)
    separate_arguments(FLAGS UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_${TYPE}}")
    target_compile_options(${TARGET} PRIVATE -Xclang=-fmodules-codegen)
    add_custom_command(OUTPUT "${CODE}" DEPENDS "${PCH}"
        COMMAND "${CMAKE_CXX_COMPILER}" ${FLAGS} "$<TARGET_PROPERTY:${TARGET},COMPILE_OPTIONS>" -std=c++20
            -Qunused-arguments -c "${PCH}" -o "${CODE}"
        COMMENT "Compiling what ${TARGET} holds" COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties("${CODE}" PROPERTIES GENERATED ON EXTERNAL_OBJECT ON)
    set_target_properties(${TARGET} PROPERTIES PBP_CODE "${CODE}")
endfunction()

# A test of a learner's: its lines are known, which is what reports need.
function(pbp_set_symbols TARGET)
    if(PBP_LEARNER AND PBP_TEST_SYMBOLS STREQUAL "lines")
        target_compile_options(${TARGET} PRIVATE -g1)
    endif()
endfunction()

# PCH: the precompiled header for the tests of lesson NN. A learner who works on it changes nothing of the lessons before it
# (unless they are the learner's own), so that these, the mocks, which need lessons 01 to 03, and what most tests instantiate
# (tests/support/precompiled) are precompiled too, when the lesson is first built.
# For 30 MB (04) to 50 (16); g++ would gain a tenth, for 80.
function(pbp_choose_pch NN RUNTIME ASIO PCH)
    set(${PCH} pbp-pch PARENT_SCOPE)
    if(NOT PBP_LEARNER OR NOT PBP_BASE STREQUAL "solutions" OR NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang"
            OR NN LESS 4 OR NOT TARGET pbp-support)
        return()
    endif()
    set(HEADERS <support/precompiled/polls.hpp>)
    if(NN GREATER 8)
        list(APPEND HEADERS <support/precompiled/coroutines.hpp>)
    endif()
    if(NN GREATER 9)
        list(APPEND HEADERS <support/precompiled/handles.hpp>)
    endif()
    if(NN GREATER 10)
        list(APPEND HEADERS <support/precompiled/tasks.hpp>)
    endif()
    if(NN GREATER 12)
        list(APPEND HEADERS <support/precompiled/addresses.hpp>)
    endif()
    if(NN GREATER 16)
        list(APPEND HEADERS <support/precompiled/connections.hpp>)
    endif()
    if(ASIO AND TARGET pbp::asio)
        list(APPEND HEADERS <support/precompiled/foreign_loop.hpp>)
    endif()
    foreach(EARLIER IN LISTS PBP_LESSONS)
        file(GLOB FOUND RELATIVE "${PBP_ROOT}/solutions/${EARLIER}" CONFIGURE_DEPENDS
            "${PBP_ROOT}/solutions/${EARLIER}/rt/*.hpp")
        if(NOT ASIO OR NOT TARGET pbp::asio)
            list(REMOVE_ITEM FOUND "rt/asio_host.hpp")
        endif()
        list(TRANSFORM FOUND REPLACE "(.+)" "<\\1>")
        list(APPEND HEADERS ${FOUND})
    endforeach()
    pbp_define_pch(pbp-pch-${NN} ${HEADERS})
    target_link_libraries(pbp-pch-${NN} PRIVATE ${RUNTIME} pbp-support)
    pbp_use_asio(pbp-pch-${NN} ${ASIO})
    set(${PCH} pbp-pch-${NN} PARENT_SCOPE)
endfunction()
