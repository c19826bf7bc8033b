# Checks that build many variants of the lessons, each from a copy of a few files; PBP_VARIANT_CHECKS says which:
#
#   starters    every starter, hole by hole: its tests wait for just those holes (label: starters)
#   mistakes    every wrong answer, which the tests must catch in words (label: mistakes)
#   answers     every right answer that is not the solution's, which the tests must accept (label: answers)
#
# What all of them share, harness and precompiled header, is made by the first, `kit`.
if(NOT Python3_Interpreter_FOUND)
    message(STATUS "no python3: starters, mistakes and answers are not checked")
    return()
endif()
set(PBP_TIMEOUT 300)
set(PBP_VARIANT_ENVIRONMENT "PBP_CXX=${CMAKE_CXX_COMPILER}"
    "PBP_CXX_FLAGS=$<$<BOOL:${PBP_FMT_DIRS}>:-isystem $<JOIN:${PBP_FMT_DIRS}, -isystem >>")

add_test(NAME kit COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/kit.py")
set_tests_properties(kit PROPERTIES LABELS "starters;mistakes;answers" TIMEOUT ${PBP_TIMEOUT} FIXTURES_SETUP pbp-kit
    ENVIRONMENT "${PBP_VARIANT_ENVIRONMENT}")

if("starters" IN_LIST PBP_VARIANT_CHECKS)
    pbp_add_python_tests("${PBP_ROOT}/tests/course/starter_builds.py" "starters" starters ${PBP_VARIANT_ENVIRONMENT})
    file(STRINGS "${PBP_ROOT}/tests/course/starter_builds.py" PBP_LINES REGEX "def test_")
    foreach(PBP_LINE IN LISTS PBP_LINES)
        string(REGEX MATCH "test_[0-9]+" PBP_METHOD "${PBP_LINE}")
        set_tests_properties("starters/Starter.${PBP_METHOD}" PROPERTIES FIXTURES_REQUIRED pbp-kit)
    endforeach()
endif()

# A test each: WORD NN-name/NAME for tests/NN-name/KIND/NAME.patch, by tests/course/KIND.py.
function(pbp_add_patch_tests KIND WORD)
    file(GLOB PBP_PATCHES CONFIGURE_DEPENDS "${PBP_ROOT}/tests/*/${KIND}/*.patch")
    foreach(PBP_PATCH IN LISTS PBP_PATCHES)
        string(REGEX REPLACE ".*/([^/]+)/${KIND}/([^/]+)\\.patch$" "\\1/\\2" PBP_NAME "${PBP_PATCH}")
        add_test(NAME "${WORD} ${PBP_NAME}"
            COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/${KIND}.py" "${PBP_NAME}")
        set_tests_properties("${WORD} ${PBP_NAME}" PROPERTIES LABELS ${KIND} TIMEOUT ${PBP_TIMEOUT}
            FIXTURES_REQUIRED pbp-kit ENVIRONMENT "${PBP_VARIANT_ENVIRONMENT}")
    endforeach()
endfunction()

if("mistakes" IN_LIST PBP_VARIANT_CHECKS)
    pbp_add_patch_tests(mistakes mistake)
endif()
if("answers" IN_LIST PBP_VARIANT_CHECKS)
    pbp_add_patch_tests(answers answer)
endif()
