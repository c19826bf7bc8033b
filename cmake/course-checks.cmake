# The checks of the course itself: every test method of tests/course/test_*.py, label course.
file(GLOB PBP_COURSE_SCRIPTS CONFIGURE_DEPENDS "${PBP_ROOT}/tests/course/test_*.py")
set(PBP_TIMEOUT 300)    # some of them build
foreach(PBP_SCRIPT IN LISTS PBP_COURSE_SCRIPTS)
    get_filename_component(PBP_NAME "${PBP_SCRIPT}" NAME_WE)
    string(REGEX REPLACE "^test_" "" PBP_NAME "${PBP_NAME}")
    pbp_add_python_tests("${PBP_SCRIPT}" "course ${PBP_NAME}" course
        "PBP_CXX=${CMAKE_CXX_COMPILER}" "PBP_HAS_ASIO=$<TARGET_EXISTS:pbp::asio>"
        "PBP_CXX_FLAGS=$<$<BOOL:${PBP_FMT_DIRS}>:-isystem $<JOIN:${PBP_FMT_DIRS}, -isystem >>")
endforeach()

# The bench's own tests: its frame's always; those of its programs, each file as one case, where they are built and current.
file(GLOB PBP_BENCH_SCRIPTS CONFIGURE_DEPENDS "${PBP_ROOT}/bench/tests/test_*.py")
foreach(PBP_SCRIPT IN LISTS PBP_BENCH_SCRIPTS)
    get_filename_component(PBP_NAME "${PBP_SCRIPT}" NAME)
    string(REGEX REPLACE "^test_(.*)[.]py$" "bench \\1" PBP_TITLE "${PBP_NAME}")
    file(STRINGS "${PBP_SCRIPT}" PBP_NEEDS REGEX "^# needs: the bench's build" LIMIT_COUNT 1)
    if(NOT PBP_NEEDS)
        pbp_add_python_tests("${PBP_SCRIPT}" "${PBP_TITLE}" course)
    elseif(Python3_Interpreter_FOUND)
        add_test(NAME "${PBP_TITLE}"
            COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/bench/tests/where_built.py" "${PBP_NAME}")
        set_tests_properties("${PBP_TITLE}" PROPERTIES LABELS course TIMEOUT ${PBP_TIMEOUT} SKIP_RETURN_CODE 4)
    endif()
endforeach()
