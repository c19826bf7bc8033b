# add_lesson(NN-name [THREADED] [ASIO]) makes, of whatever the lesson has:
#
#   rt-NN         include path of lesson NN: solutions/NN … solutions/01, then solutions/00-provided
#   solution-NN   solutions/NN-name/*.cpp
#   lesson-NN     mine/NN-name/*.cpp, else lessons/NN-name/*.cpp. Behind it comes the solution of the same lesson, for the
#                 files without holes, and then the earlier solutions (PBP_BASE=mine: the learner's own earlier lessons first)
#   test-NN.s     tests/NN-name/NN.s-*.cpp, one executable per step, every TEST_CASE one ctest
#                 (`verify` compiles all of them as one file into test-NN, in two thirds of the time: CMAKE_UNITY_BUILD)
#   test-NN.exercise  tests/NN-name/exercise-*.cpp, if there is an exercise.hpp beside what the tests run against
#   ctest cases   of tests/NN-name/program*.py (one per test_ method) and tests/NN-name/advice/*.cpp (one per file)
#
# All its ctest cases carry the label lesson-NN. With PBP_LEARNER the tests run against lesson-NN, else against solution-NN.
include(precompiled)
include(python-tests)

set(PBP_ROOT "${CMAKE_CURRENT_SOURCE_DIR}")
set(PBP_PROVIDED "${PBP_ROOT}/solutions/00-provided")
set(PBP_LESSONS "" CACHE INTERNAL "lessons so far, latest first")
set(PBP_LESSONS "")
set(PBP_TSAN OFF)
set(PBP_TIMEOUT 60)
if("thread" IN_LIST PBP_SANITIZERS)
    set(PBP_TSAN ON)
    set(PBP_TIMEOUT 180)
endif()
# At its end, a program that still has threads would sleep for ThreadSanitizer's default of 1,000 ms.
set(PBP_TEST_ENVIRONMENT "UBSAN_OPTIONS=print_stacktrace=1"
    "TSAN_OPTIONS=halt_on_error=1 second_deadlock_stack=1 atexit_sleep_ms=50")

# The harness: its main() is compiled once, outside the precompiled header (which would swallow doctest's implementation).
# It sees only what is provided, no lesson's header, so that it serves a learner's lesson as well as a solution.
function(pbp_define_support)
    if(NOT PROJECT_IS_TOP_LEVEL OR TARGET pbp-support)
        return()
    endif()
    file(GLOB SOURCES CONFIGURE_DEPENDS "${PBP_ROOT}/tests/support/*.cpp"
        "${PBP_ROOT}/tests/support/explore/*.cpp")
    if(NOT SOURCES)
        return()
    endif()
    pbp_define_observer()
    add_library(pbp-support OBJECT ${SOURCES})
    target_include_directories(pbp-support PUBLIC "${PBP_ROOT}/tests" PRIVATE "${PBP_PROVIDED}")
    target_link_libraries(pbp-support PRIVATE pbp-options PUBLIC doctest::doctest fmt::fmt Threads::Threads)
    if(TARGET pbp-observe)
        target_link_libraries(pbp-support PUBLIC pbp-observe)
    endif()

    pbp_define_pch(pbp-pch)
    # Not in every build of `verify`: the one with clang and AddressSanitizer sees an include that a program lacks.
    if(CMAKE_UNITY_BUILD AND NOT (CMAKE_CXX_COMPILER_ID MATCHES "Clang" AND "address" IN_LIST PBP_SANITIZERS))
        pbp_define_program_pch()
    endif()
endfunction()

# The include folders of a lesson: FOLDERS first, then the lessons before it (BASE says whose), then what is provided.
function(pbp_add_runtime TARGET FOLDERS BASE)
    add_library(${TARGET} INTERFACE)
    set(DIRS ${FOLDERS})
    foreach(EARLIER IN LISTS PBP_LESSONS)
        if(BASE STREQUAL "mine" AND EXISTS "${PBP_MINE_DIR}/${EARLIER}")
            list(APPEND DIRS "${PBP_MINE_DIR}/${EARLIER}")
        endif()
        list(APPEND DIRS "${PBP_ROOT}/solutions/${EARLIER}")
    endforeach()
    list(APPEND DIRS "${PBP_PROVIDED}")
    target_include_directories(${TARGET} INTERFACE ${DIRS})
    target_compile_features(${TARGET} INTERFACE cxx_std_20)
    target_link_libraries(${TARGET} INTERFACE fmt::fmt Threads::Threads)
endfunction()

# A learner's copy that has lost one of its starter's files: whatever needs it says so, and nothing else, when it is built.
function(pbp_expect_whole NAME NN)
    file(GLOB STARTER RELATIVE "${PBP_ROOT}/lessons/${NAME}" CONFIGURE_DEPENDS
        "${PBP_ROOT}/lessons/${NAME}/*.cpp" "${PBP_ROOT}/lessons/${NAME}/rt/*.hpp")
    file(GLOB MINE RELATIVE "${PBP_MINE_DIR}/${NAME}" CONFIGURE_DEPENDS
        "${PBP_MINE_DIR}/${NAME}/*.cpp" "${PBP_MINE_DIR}/${NAME}/rt/*.hpp")
    list(REMOVE_ITEM STARTER ${MINE})
    if(NOT STARTER)
        return()
    endif()
    list(GET STARTER 0 LOST)
    add_custom_target(lesson-${NN}-is-not-whole
        COMMAND "${CMAKE_COMMAND}" -E echo
            "mine/${NAME}/${LOST} is missing. Take it anew: cp lessons/${NAME}/${LOST} mine/${NAME}/${LOST}"
        COMMAND "${CMAKE_COMMAND}" -E false
        VERBATIM)
    add_dependencies(lesson-${NN}-tests lesson-${NN}-is-not-whole)
    get_property(TARGETS DIRECTORY PROPERTY BUILDSYSTEM_TARGETS)
    list(FILTER TARGETS INCLUDE REGEX "^(lesson-${NN}|test-${NN}\\.[0-9]+)$")
    foreach(TARGET IN LISTS TARGETS)
        add_dependencies(${TARGET} lesson-${NN}-is-not-whole)
    endforeach()
endfunction()

# pbp-observe: the record, reports, and the trace file. pbp-observer starts them, in every program that links it.
function(pbp_define_observer)
    if(TARGET pbp-observe OR NOT EXISTS "${PBP_PROVIDED}/observe")
        return()
    endif()
    file(GLOB SOURCES CONFIGURE_DEPENDS "${PBP_PROVIDED}/observe/*.cpp")
    list(REMOVE_ITEM SOURCES "${PBP_PROVIDED}/observe/observe.cpp")
    add_library(pbp-observe STATIC ${SOURCES})
    target_include_directories(pbp-observe PUBLIC "${PBP_PROVIDED}")
    target_link_libraries(pbp-observe PRIVATE pbp-options PUBLIC fmt::fmt Threads::Threads)
    add_library(pbp-observer OBJECT "${PBP_PROVIDED}/observe/observe.cpp")
    target_link_libraries(pbp-observer PRIVATE pbp-options PUBLIC pbp-observe)
endfunction()

# An executable of a lesson: every .cpp of its solution, where FOLDER has none of that name.
function(pbp_add_program TARGET FOLDER SOLUTION RUNTIME ASIO)
    file(GLOB SOURCES CONFIGURE_DEPENDS "${FOLDER}/*.cpp")
    file(GLOB SOLVED RELATIVE "${SOLUTION}" CONFIGURE_DEPENDS "${SOLUTION}/*.cpp")
    foreach(NAME IN LISTS SOLVED)
        if(NOT EXISTS "${FOLDER}/${NAME}" AND NOT NAME STREQUAL "main.cpp")
            list(APPEND SOURCES "${SOLUTION}/${NAME}")
        endif()
    endforeach()
    if(NOT SOURCES)
        return()
    endif()
    add_executable(${TARGET} ${SOURCES})
    target_link_libraries(${TARGET} PRIVATE ${RUNTIME} pbp-options)
    pbp_define_observer()
    if(TARGET pbp-observer)
        target_link_libraries(${TARGET} PRIVATE pbp-observer)
    endif()
    pbp_use_asio(${TARGET} ${ASIO})
    if(TARGET pbp-program-pch)
        target_precompile_headers(${TARGET} REUSE_FROM pbp-program-pch)
    endif()
    set_target_properties(${TARGET} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/bin")
endfunction()

# Not under ThreadSanitizer: Asio orders its memory by fences, which that does not model, and it would report races that are none.
function(pbp_use_asio TARGET ASIO)
    if(NOT ASIO)
        return()
    endif()
    if(TARGET pbp::asio AND NOT PBP_TSAN)
        target_link_libraries(${TARGET} PRIVATE pbp::asio)
        target_compile_definitions(${TARGET} PRIVATE PBP_HAS_ASIO=1)
    else()
        target_compile_definitions(${TARGET} PRIVATE PBP_HAS_ASIO=0)
    endif()
endfunction()

# LABEL: what the tests of lesson NN carry; those of what is given are no lesson's.
macro(pbp_label NN)
    set(LABEL lesson-${NN})
    if("${NN}" STREQUAL "00")
        set(LABEL given)
    endif()
endmacro()

# One executable per step (files of the same NN.s share it), or in `verify` per lesson; its cases are found when it has been linked.
# TESTED: the folder that the tests run against.
function(pbp_add_steps NAME NN RUNTIME ASIO TESTED)
    file(GLOB SOURCES CONFIGURE_DEPENDS "${PBP_ROOT}/tests/${NAME}/${NN}.[0-9]*-*.cpp")
    file(GLOB EXERCISE CONFIGURE_DEPENDS "${TESTED}/exercise.hpp")
    if(EXERCISE)
        file(GLOB EXERCISE CONFIGURE_DEPENDS "${PBP_ROOT}/tests/${NAME}/exercise-*.cpp")
    endif()
    set(STEPS "")
    foreach(SOURCE IN LISTS SOURCES EXERCISE)
        get_filename_component(FILE "${SOURCE}" NAME)
        string(REGEX REPLACE "^exercise-" "${NN}.exercise-" FILE "${FILE}")
        string(REGEX MATCH "^${NN}\\.[0-9a-z]+" STEP "${FILE}")
        if(CMAKE_UNITY_BUILD)
            set(STEP ${NN})
        endif()
        list(APPEND STEPS "${STEP}")
        list(APPEND SOURCES_OF_${STEP} "${SOURCE}")
    endforeach()
    list(REMOVE_DUPLICATES STEPS)
    pbp_label(${NN})
    if(STEPS)
        pbp_choose_pch(${NN} ${RUNTIME} ${ASIO} PCH)
    endif()
    foreach(STEP IN LISTS STEPS)
        if(NOT TARGET pbp-support)
            message(STATUS "tests/support is missing: test-${STEP} is left out")
            continue()
        endif()
        set(TARGET test-${STEP})
        add_executable(${TARGET} ${SOURCES_OF_${STEP}})
        target_link_libraries(${TARGET} PRIVATE ${RUNTIME} pbp-options pbp-support)
        pbp_set_symbols(${TARGET})
        target_precompile_headers(${TARGET} REUSE_FROM ${PCH})
        get_target_property(CODE ${PCH} PBP_CODE)
        if(CODE)
            target_sources(${TARGET} PRIVATE "${CODE}")
        endif()
        pbp_use_asio(${TARGET} ${ASIO})
        set_target_properties(${TARGET} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests"
            UNITY_BUILD_BATCH_SIZE 0)
        add_dependencies(lesson-${NN}-tests ${TARGET})

        set(CASES "${CMAKE_CURRENT_BINARY_DIR}/tests/${TARGET}.cases.cmake")
        set(FIRST "")
        if(PBP_LEARNER)    # who waits for each link, and has a loop that lists the cases itself: ctest finds them when it starts
            string(CONFIGURE [[
if(EXISTS "@CMAKE_CURRENT_BINARY_DIR@/tests/@TARGET@"
   AND "@CMAKE_CURRENT_BINARY_DIR@/tests/@TARGET@" IS_NEWER_THAN "@CASES@")
    execute_process(COMMAND "@CMAKE_COMMAND@" "-DEXE=@CMAKE_CURRENT_BINARY_DIR@/tests/@TARGET@" "-DOUT=@CASES@"
        "-DLABEL=@LABEL@" "-DTIMEOUT=@PBP_TIMEOUT@" "-DENVIRONMENT=@PBP_TEST_ENVIRONMENT@"
        -P "@PBP_ROOT@/cmake/discover-cases.cmake")
endif()
]] FIRST @ONLY)
        else()
            add_custom_command(TARGET ${TARGET} POST_BUILD
                COMMAND "${CMAKE_COMMAND}" "-DEXE=$<TARGET_FILE:${TARGET}>" "-DOUT=${CASES}" "-DLABEL=${LABEL}"
                    "-DTIMEOUT=${PBP_TIMEOUT}" "-DENVIRONMENT=${PBP_TEST_ENVIRONMENT}"
                    -P "${PBP_ROOT}/cmake/discover-cases.cmake"
                VERBATIM)
        endif()
        # A step that was not built is a failed test, not a missing one.
        set(STUB "${CMAKE_CURRENT_BINARY_DIR}/tests/${TARGET}.include.cmake")
        file(WRITE "${STUB}"
            "${FIRST}if(EXISTS \"${CASES}\")\n    include(\"${CASES}\")\nelse()\n"
            "    add_test(\"${STEP} is not built\" \"${STEP}-is-not-built\")\n"
            "    set_tests_properties(\"${STEP} is not built\" PROPERTIES LABELS ${LABEL})\nendif()\n")
        set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${STUB}")
    endforeach()
endfunction()

# tests/NN-name/program*.py: PBP_PROGRAM names the executable. And its trace is valid.
function(pbp_add_program_tests NAME NN PROGRAM)
    set(RULES "${PBP_ROOT}/tests/course/trace_rules.py")
    if(TARGET ${PROGRAM} AND Python3_Interpreter_FOUND AND EXISTS "${RULES}" AND PROGRAM STREQUAL "solution-${NN}")
        set(TEST "${NN} program/its trace is valid")
        add_test(NAME "${TEST}" COMMAND "${Python3_EXECUTABLE}" -B "${RULES}" ${NN} "$<TARGET_FILE:${PROGRAM}>")
        set_tests_properties("${TEST}" PROPERTIES LABELS lesson-${NN} TIMEOUT ${PBP_TIMEOUT} ENVIRONMENT "${PBP_TEST_ENVIRONMENT}")
    endif()
    file(GLOB SCRIPTS CONFIGURE_DEPENDS "${PBP_ROOT}/tests/${NAME}/program*.py")
    if(SCRIPTS AND TARGET ${PROGRAM})
        add_dependencies(lesson-${NN}-tests ${PROGRAM})
        pbp_label(${NN})
        foreach(SCRIPT IN LISTS SCRIPTS)
            pbp_add_python_tests("${SCRIPT}" "${NN} program" ${LABEL}
                "PBP_PROGRAM=$<TARGET_FILE:${PROGRAM}>" "PBP_SANITIZERS=${PBP_SANITIZER_LIST}"
                "PBP_BUILD_TYPE=${CMAKE_BUILD_TYPE}" "PBP_COMPILER=${CMAKE_CXX_COMPILER_ID}" ${PBP_TEST_ENVIRONMENT})
        endforeach()
    endif()
endfunction()

# tests/NN-name/advice/*.cpp must not compile, and the compiler must print the announced sentence. Once per compiler is enough.
function(pbp_add_advice NAME NN RUNTIME)
    if(NOT CMAKE_BUILD_TYPE STREQUAL "Debug" OR PBP_TSAN OR NOT Python3_Interpreter_FOUND)
        return()
    endif()
    file(GLOB SOURCES CONFIGURE_DEPENDS "${PBP_ROOT}/tests/${NAME}/advice/*.cpp")
    set(PCH "")
    if(TARGET pbp-pch AND NOT PBP_LEARNER)    # whose lesson has another precompiled header
        separate_arguments(PCH UNIX_COMMAND "${CMAKE_CXX_FLAGS} ${CMAKE_CXX_FLAGS_DEBUG}")
        list(APPEND PCH "$<TARGET_PROPERTY:pbp-pch,COMPILE_OPTIONS>"
            "-D$<JOIN:$<TARGET_PROPERTY:pbp-pch,COMPILE_DEFINITIONS>,$<SEMICOLON>-D>"
            -include "${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/pbp-pch.dir/cmake_pch.hxx")
    endif()
    foreach(SOURCE IN LISTS SOURCES)
        get_filename_component(CASE "${SOURCE}" NAME_WE)
        set(TEST "${NN} advice/${CASE}")
        # /usr/include is the compiler's own: named, it would come too early for #include_next.
        set(DIRS "$<FILTER:$<TARGET_PROPERTY:${RUNTIME},INTERFACE_INCLUDE_DIRECTORIES>,EXCLUDE,^/usr/include$>")
        add_test(NAME "${TEST}" COMMAND_EXPAND_LISTS COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/advice.py"
            "${SOURCE}" "${CMAKE_CXX_COMPILER}" ${PCH} "-I$<JOIN:${DIRS},;-I>" "-I${PBP_ROOT}/tests")
        set_tests_properties("${TEST}" PROPERTIES LABELS lesson-${NN} TIMEOUT ${PBP_TIMEOUT})
    endforeach()
endfunction()

# The output that chapter NN shows is what the programs print now.
function(pbp_add_book NAME NN)
    file(GLOB FOUND CONFIGURE_DEPENDS "${PBP_ROOT}/book/${NAME}.md")
    if(FOUND AND CMAKE_BUILD_TYPE STREQUAL "Debug" AND NOT PBP_TSAN AND NOT PBP_LEARNER AND Python3_Interpreter_FOUND)
        add_test(NAME "${NN} book/output" COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/book.py" --check
            --build "${CMAKE_CURRENT_BINARY_DIR}" "${NAME}")
        set_tests_properties("${NN} book/output" PROPERTIES LABELS lesson-${NN} TIMEOUT ${PBP_TIMEOUT})
    endif()
endfunction()

# add_given_tests(00-provided) makes test-00.s, of what is given and of the harness; on RUNTIME, label given.
function(add_given_tests NAME RUNTIME)
    if(PROJECT_IS_TOP_LEVEL)
        pbp_define_support()
        add_custom_target(lesson-00-tests)
        pbp_add_steps(${NAME} 00 ${RUNTIME} OFF "${PBP_PROVIDED}")
        if(TARGET solution-20)
            pbp_add_program_tests(${NAME} 00 solution-20)
        endif()
    endif()
endfunction()

function(add_lesson NAME)
    cmake_parse_arguments(PARSE_ARGV 1 ARG "THREADED;ASIO" "" "")
    if(NOT NAME MATCHES "^([0-9][0-9])-[a-z-]+$" OR ARG_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "add_lesson(${ARGV}): say add_lesson(NN-name [THREADED] [ASIO]).")
    endif()
    set(NN "${CMAKE_MATCH_1}")
    set(SOLUTION "${PBP_ROOT}/solutions/${NAME}")
    pbp_add_runtime(rt-${NN} "${SOLUTION}" solutions)

    if(PROJECT_IS_TOP_LEVEL AND (ARG_THREADED OR NOT PBP_TSAN))
        pbp_define_support()
        add_custom_target(lesson-${NN}-tests)
        pbp_add_program(solution-${NN} "${SOLUTION}" "${SOLUTION}" rt-${NN} ${ARG_ASIO})

        # The learner's side: their copy, else the starter, else nothing yet.
        set(RUNTIME rt-${NN})
        set(PROGRAM solution-${NN})
        set(TESTED "${SOLUTION}")
        file(GLOB OWN LIST_DIRECTORIES ON CONFIGURE_DEPENDS "${PBP_MINE_DIR}/${NAME}")
        if(NOT OWN)
            file(GLOB OWN LIST_DIRECTORIES ON CONFIGURE_DEPENDS "${PBP_ROOT}/lessons/${NAME}")
        endif()
        if(PBP_LEARNER AND OWN)
            set(RUNTIME rt-own-${NN})
            set(PROGRAM lesson-${NN})
            set(TESTED "${OWN}")
            pbp_add_runtime(${RUNTIME} "${OWN};${SOLUTION}" ${PBP_BASE})
            pbp_add_program(${PROGRAM} "${OWN}" "${SOLUTION}" ${RUNTIME} ${ARG_ASIO})
        endif()

        pbp_add_steps(${NAME} ${NN} ${RUNTIME} ${ARG_ASIO} "${TESTED}")
        pbp_add_program_tests(${NAME} ${NN} ${PROGRAM})
        pbp_add_advice(${NAME} ${NN} ${RUNTIME})
        pbp_add_book(${NAME} ${NN})
        if(PBP_LEARNER AND OWN STREQUAL "${PBP_MINE_DIR}/${NAME}")
            pbp_expect_whole(${NAME} ${NN})
        endif()
    endif()

    list(PREPEND PBP_LESSONS ${NAME})
    set(PBP_LESSONS "${PBP_LESSONS}" PARENT_SCOPE)
endfunction()
