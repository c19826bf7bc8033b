# Checks that build many variants of the lessons, each from a copy of a few files; PBP_VARIANT_CHECKS says which:
#
#   starters    every starter, hole by hole: its tests wait for just those holes (label: starters)
#   untouched   every starter, as it is, compiles: for a second compiler (label: starters)
#   answers     the pages tests/NN-name/mistakes.md: every right answer that is not the solution's, which the tests must accept,
#               and the first two wrong answers of each step, which they must catch in words (label: answers)
#   all-answers the same with every wrong answer, for a nightly run
#
# What all of them share, harness and precompiled header, is made by the first, `kit`.
if(NOT Python3_Interpreter_FOUND)
    message(STATUS "no python3: starters and answers are not checked")
    return()
endif()
set(PBP_VARIANT_ENVIRONMENT "PBP_CXX=${CMAKE_CXX_COMPILER}"
    "PBP_CXX_FLAGS=$<$<BOOL:${PBP_FMT_DIRS}>:-isystem $<JOIN:${PBP_FMT_DIRS}, -isystem >>")

add_test(NAME kit COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/kit.py")
set_tests_properties(kit PROPERTIES LABELS "starters;answers" TIMEOUT 300 FIXTURES_SETUP pbp-kit
    ENVIRONMENT "${PBP_VARIANT_ENVIRONMENT}")

# They take longest, so they begin first: COST, about in seconds.
function(pbp_add_variants TEST LABEL COST SCRIPT)
    add_test(NAME "${TEST}" COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/${SCRIPT}" ${ARGN})
    set_tests_properties("${TEST}" PROPERTIES LABELS ${LABEL} TIMEOUT 1200 COST ${COST} FIXTURES_REQUIRED pbp-kit
        ENVIRONMENT "${PBP_VARIANT_ENVIRONMENT}")
endfunction()

if(PBP_VARIANT_CHECKS MATCHES "starters|untouched")
    set(PBP_HOW "")
    if("untouched" IN_LIST PBP_VARIANT_CHECKS)
        set(PBP_HOW --untouched)
    endif()
    file(GLOB PBP_STARTERS CONFIGURE_DEPENDS "${PBP_ROOT}/lessons/[0-9]*")
    foreach(PBP_STARTER IN LISTS PBP_STARTERS)
        string(REGEX REPLACE ".*/([0-9]+)-.*" "\\1" PBP_NN "${PBP_STARTER}")
        pbp_add_variants("starter ${PBP_NN}" starters 90 starter_builds.py ${PBP_HOW} ${PBP_NN})
    endforeach()
endif()

if(PBP_VARIANT_CHECKS MATCHES "answers")
    set(PBP_HOW --of-each-step 2)
    if("all-answers" IN_LIST PBP_VARIANT_CHECKS)
        set(PBP_HOW "")
    endif()
    file(GLOB PBP_PAGES CONFIGURE_DEPENDS "${PBP_ROOT}/tests/*/mistakes.md")
    foreach(PBP_PAGE IN LISTS PBP_PAGES)
        string(REGEX REPLACE ".*/([0-9]+)-[^/]*/mistakes.md" "\\1" PBP_NN "${PBP_PAGE}")
        pbp_add_variants("answers ${PBP_NN}" answers 80 mistakes.py ${PBP_HOW} ${PBP_NN})
    endforeach()
    # What the book shows of them.
    pbp_add_variants("mistakes in the book" answers 200 book.py --check-mistakes)
endif()
