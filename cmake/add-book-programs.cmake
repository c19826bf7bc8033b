# add_book_programs() makes, of each book/programs/NAME.cpp, which uses lessons 01 to 08:
#
#   program-NAME  the program
#   test-NAME     tests/programs/NAME.cpp, which includes the program; every TEST_CASE is one ctest
#   ctest cases   of tests/programs/NAME.py, a unittest of the program's output
#
# All its ctest cases carry the label programs. Target book-programs builds them all.
function(add_book_programs)
    if(NOT PROJECT_IS_TOP_LEVEL OR PBP_LEARNER)
        return()
    endif()
    pbp_define_support()
    add_custom_target(book-programs)
    file(GLOB SOURCES CONFIGURE_DEPENDS "${PBP_ROOT}/book/programs/*.cpp")
    foreach(SOURCE IN LISTS SOURCES)
        get_filename_component(NAME "${SOURCE}" NAME_WE)
        add_executable(program-${NAME} "${SOURCE}")
        target_link_libraries(program-${NAME} PRIVATE rt-08 pbp-options)
        set_target_properties(program-${NAME} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/bin")

        set(TARGET test-${NAME})
        add_executable(${TARGET} "${PBP_ROOT}/tests/programs/${NAME}.cpp")
        target_include_directories(${TARGET} PRIVATE "${PBP_ROOT}/book")
        target_link_libraries(${TARGET} PRIVATE rt-08 pbp-options pbp-support)
        set_target_properties(${TARGET} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_CURRENT_BINARY_DIR}/tests")
        set(CASES "${CMAKE_CURRENT_BINARY_DIR}/tests/${TARGET}.cases.cmake")
        add_custom_command(TARGET ${TARGET} POST_BUILD
            COMMAND "${CMAKE_COMMAND}" "-DEXE=$<TARGET_FILE:${TARGET}>" "-DOUT=${CASES}" -DLABEL=programs
                "-DTIMEOUT=${PBP_TIMEOUT}" "-DENVIRONMENT=${PBP_TEST_ENVIRONMENT}" -P "${PBP_ROOT}/cmake/discover-cases.cmake"
            VERBATIM)
        set(STUB "${CMAKE_CURRENT_BINARY_DIR}/tests/${TARGET}.include.cmake")
        file(WRITE "${STUB}" "if(EXISTS \"${CASES}\")\n    include(\"${CASES}\")\nelse()\n"
            "    add_test(\"${NAME} is not built\" \"${NAME}-is-not-built\")\n"
            "    set_tests_properties(\"${NAME} is not built\" PROPERTIES LABELS programs)\nendif()\n")
        set_property(DIRECTORY APPEND PROPERTY TEST_INCLUDE_FILES "${STUB}")

        pbp_add_python_tests("${PBP_ROOT}/tests/programs/${NAME}.py" "${NAME} program" programs
            "PBP_PROGRAM=$<TARGET_FILE:program-${NAME}>" ${PBP_TEST_ENVIRONMENT})
        add_dependencies(book-programs program-${NAME} ${TARGET})
    endforeach()
endfunction()
