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
        # They take longest, so they begin first.
        set_tests_properties("starters/Starter.${PBP_METHOD}" PROPERTIES FIXTURES_REQUIRED pbp-kit COST 90)
    endforeach()
endif()

# What the book shows of them.
if("mistakes" IN_LIST PBP_VARIANT_CHECKS)
    add_test(NAME "mistakes in the book"
        COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/book.py" --check-mistakes)
    set_tests_properties("mistakes in the book" PROPERTIES LABELS mistakes TIMEOUT ${PBP_TIMEOUT}
        FIXTURES_REQUIRED pbp-kit ENVIRONMENT "${PBP_VARIANT_ENVIRONMENT}")
endif()

# tests/NN-name/mistakes.md: a test for each entry, `mistake NN-name/slug` or `answer NN-name/slug`.
file(GLOB PBP_PAGES CONFIGURE_DEPENDS "${PBP_ROOT}/tests/*/mistakes.md")
foreach(PBP_PAGE IN LISTS PBP_PAGES)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PBP_PAGE}")
    string(REGEX REPLACE ".*/([^/]+)/mistakes\\.md$" "\\1" PBP_LESSON "${PBP_PAGE}")
    file(STRINGS "${PBP_PAGE}" PBP_HEADINGS REGEX "^##")
    foreach(PBP_HEADING IN LISTS PBP_HEADINGS)
        if(PBP_HEADING STREQUAL "## Mistakes")
            set(PBP_KIND mistake)
        elseif(PBP_HEADING MATCHES "^## Right")
            set(PBP_KIND answer)
        elseif(PBP_HEADING MATCHES "^### (.+)" AND "${PBP_KIND}s" IN_LIST PBP_VARIANT_CHECKS)
            set(PBP_NAME "${PBP_LESSON}/${CMAKE_MATCH_1}")
            add_test(NAME "${PBP_KIND} ${PBP_NAME}"
                COMMAND "${Python3_EXECUTABLE}" -B "${PBP_ROOT}/tests/course/mistakes.py" "${PBP_NAME}")
            set_tests_properties("${PBP_KIND} ${PBP_NAME}" PROPERTIES LABELS ${PBP_KIND}s TIMEOUT ${PBP_TIMEOUT}
                FIXTURES_REQUIRED pbp-kit ENVIRONMENT "${PBP_VARIANT_ENVIRONMENT}")
        endif()
    endforeach()
endforeach()
