# The checks of the course itself: every test method of tests/course/test_*.py, label course.
file(GLOB PBP_COURSE_SCRIPTS CONFIGURE_DEPENDS "${PBP_ROOT}/tests/course/test_*.py")
foreach(PBP_SCRIPT IN LISTS PBP_COURSE_SCRIPTS)
    get_filename_component(PBP_NAME "${PBP_SCRIPT}" NAME_WE)
    string(REGEX REPLACE "^test_" "" PBP_NAME "${PBP_NAME}")
    pbp_add_python_tests("${PBP_SCRIPT}" "course ${PBP_NAME}" course "PBP_CXX=${CMAKE_CXX_COMPILER}")
endforeach()
