# A build inside the source tree would mix thousands of made files with the lessons.
if(CMAKE_CURRENT_BINARY_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR)
    message(FATAL_ERROR
        "Poll by Poll is not built inside its source folder. Type instead:\n"
        "    cmake --workflow --preset learn\n"
        "or simply ./learn. What this attempt left behind goes with: rm -rf CMakeCache.txt CMakeFiles\n")
endif()
