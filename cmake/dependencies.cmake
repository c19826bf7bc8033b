# fmt and doctest: the system's package first, else fetched at one commit. Asio is optional.
include(FetchContent)

set(PBP_FMT_URL https://github.com/fmtlib/fmt.git CACHE STRING "Where fmt is fetched from")
set(PBP_FMT_COMMIT 407c905e45ad75fc29bf0f9bb7c5c2fd3475976f CACHE STRING "fmt 12.1.0")
set(PBP_DOCTEST_URL https://github.com/doctest/doctest.git CACHE STRING "Where doctest is fetched from")
set(PBP_DOCTEST_COMMIT 6804767ee637789db8a5cb281381cae98dc36906 CACHE STRING "doctest 2.5.2")
mark_as_advanced(PBP_FMT_URL PBP_FMT_COMMIT PBP_DOCTEST_URL PBP_DOCTEST_COMMIT)

find_package(Threads REQUIRED)

FetchContent_Declare(fmt
    GIT_REPOSITORY "${PBP_FMT_URL}"
    GIT_TAG "${PBP_FMT_COMMIT}"
    FIND_PACKAGE_ARGS 9)
FetchContent_Declare(doctest
    GIT_REPOSITORY "${PBP_DOCTEST_URL}"
    GIT_TAG "${PBP_DOCTEST_COMMIT}"
    FIND_PACKAGE_ARGS 2.4)

# For the fetched ones: neither their tests nor their install rules are part of the course.
set(DOCTEST_WITH_TESTS OFF CACHE INTERNAL "")
set(DOCTEST_NO_INSTALL ON CACHE INTERNAL "")

FetchContent_MakeAvailable(fmt)
if(PROJECT_IS_TOP_LEVEL)
    FetchContent_MakeAvailable(doctest)
endif()

# Their headers' warnings are not the learner's. (FetchContent_Declare(… SYSTEM) would say so as well, but CMake 3.25.1
# takes the word for the name of the git remote and then clones nothing.)
foreach(PBP_FETCHED fmt doctest)
    if(TARGET ${PBP_FETCHED})
        set_target_properties(${PBP_FETCHED} PROPERTIES SYSTEM ON)
    endif()
endforeach()

# Standalone Asio is header only: lesson 19 can drive the course's tasks with it. Nothing needs it.
find_path(PBP_ASIO_INCLUDE_DIR asio.hpp)
mark_as_advanced(PBP_ASIO_INCLUDE_DIR)
if(PBP_ASIO_INCLUDE_DIR)
    add_library(pbp-asio INTERFACE)
    add_library(pbp::asio ALIAS pbp-asio)
    target_include_directories(pbp-asio SYSTEM INTERFACE "${PBP_ASIO_INCLUDE_DIR}")
    target_compile_definitions(pbp-asio INTERFACE ASIO_STANDALONE ASIO_NO_DEPRECATED)
    target_link_libraries(pbp-asio INTERFACE Threads::Threads)
endif()
