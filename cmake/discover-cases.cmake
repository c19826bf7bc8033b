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

# Semicolons and brackets would be read as CMake list syntax.
string(REPLACE ";" "&semi;" PBP_XML "${PBP_XML}")
string(REPLACE "[" "&open;" PBP_XML "${PBP_XML}")
string(REPLACE "]" "&close;" PBP_XML "${PBP_XML}")
string(REGEX MATCHALL "<TestCase [^>]*>" PBP_CASES "${PBP_XML}")
if(NOT PBP_CASES)
    message(FATAL_ERROR "${EXE} has no test case.")
endif()

function(unescape VAR TEXT)
    foreach(PAIR "&quot&semi;=\"" "&apos&semi;='" "&lt&semi;=<" "&gt&semi;=>" "&amp&semi;=&" "&open;=[" "&close;=]")
        string(REGEX MATCH "^([^=]*)=(.*)$" PAIR "${PAIR}")
        string(REPLACE "${CMAKE_MATCH_1}" "${CMAKE_MATCH_2}" TEXT "${TEXT}")
    endforeach()
    string(REPLACE "&semi;" ";" TEXT "${TEXT}")
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
