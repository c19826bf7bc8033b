# Runs after a test executable is linked: asks it for its cases and writes one add_test() for each, so that every case
# is a process of its own. Called with EXE, OUT, LABEL, TIMEOUT, ENVIRONMENT.
execute_process(
    COMMAND "${EXE}" --list-test-cases --reporters=xml
    OUTPUT_VARIABLE PBP_XML
    ERROR_VARIABLE PBP_ERR
    RESULT_VARIABLE PBP_RESULT)
if(NOT PBP_RESULT STREQUAL "0")
    message(FATAL_ERROR "${EXE} could not list its test cases (${PBP_RESULT}). ./learn doctor may know why.\n${PBP_ERR}")
endif()

# Semicolons and brackets would be read as CMake list syntax: three control characters stand in for them.
string(ASCII 1 SEMI)
string(ASCII 2 OPEN)
string(ASCII 3 CLOSE)
string(REPLACE ";" "${SEMI}" PBP_XML "${PBP_XML}")
string(REPLACE "[" "${OPEN}" PBP_XML "${PBP_XML}")
string(REPLACE "]" "${CLOSE}" PBP_XML "${PBP_XML}")
string(REGEX MATCHALL "<TestCase [^\n]*" PBP_CASES "${PBP_XML}")
if(NOT PBP_CASES)
    message(FATAL_ERROR "${EXE} has no test case.")
endif()

function(unescape VAR TEXT)
    string(REPLACE "&quot${SEMI}" "\"" TEXT "${TEXT}")
    string(REPLACE "&apos${SEMI}" "'" TEXT "${TEXT}")
    string(REPLACE "&lt${SEMI}" "<" TEXT "${TEXT}")
    string(REPLACE "&gt${SEMI}" ">" TEXT "${TEXT}")
    string(REPLACE "&amp${SEMI}" "&" TEXT "${TEXT}")
    string(REPLACE "${OPEN}" "[" TEXT "${TEXT}")
    string(REPLACE "${CLOSE}" "]" TEXT "${TEXT}")
    string(REPLACE "${SEMI}" ";" TEXT "${TEXT}")
    set(${VAR} "${TEXT}" PARENT_SCOPE)
endfunction()

set(PBP_SCRIPT "")
foreach(CASE IN LISTS PBP_CASES)
    string(REGEX MATCH " name=\"([^\"]*)\"" IGNORED "${CASE}")
    unescape(NAME "${CMAKE_MATCH_1}")
    string(REGEX MATCH " testsuite=\"([^\"]*)\"" IGNORED "${CASE}")
    unescape(SUITE "${CMAKE_MATCH_1}")
    set(TITLE "[=[${SUITE}/${NAME}]=]")
    string(APPEND PBP_SCRIPT
        "add_test(${TITLE} [=[${EXE}]=] --no-version=true [=[--test-suite=${SUITE}]=] [=[--test-case=${NAME}]=])\n"
        "set_tests_properties(${TITLE} PROPERTIES LABELS ${LABEL} TIMEOUT ${TIMEOUT} ENVIRONMENT [=[${ENVIRONMENT}]=])\n")
endforeach()
file(WRITE "${OUT}" "${PBP_SCRIPT}")
