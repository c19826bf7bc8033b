# The switches of this build, and pbp-options: what every target of the course is compiled with.
#
#   PBP_SANITIZE        address;undefined | address | thread | none | auto
#                       auto: address with g++ (UndefinedBehaviorSanitizer doubles its compile time), both with clang
#   PBP_WERROR          every warning is an error (verify); else only what is always a bug
#   PBP_LEARNER         tests and programs are built from mine/ (or the starter) where there is one, not from solutions/
#   PBP_BASE            solutions | mine: on whose earlier lessons the learner's lesson stands
#   PBP_MINE_DIR        where the learner's copies are
#   PBP_TEST_SYMBOLS    lines | full: what a debugger sees of the learner's tests; full costs a fifth of their compile time
#   PBP_COURSE_CHECKS   the checks of the course itself (ctest label: course)
#   PBP_VARIANT_CHECKS  starters;untouched;answers;all-answers: checks that build each starter hole by hole, or only as it is, and
#                       right and wrong answers

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE Debug CACHE STRING "Debug or Release" FORCE)
endif()

set(PBP_SANITIZE auto CACHE STRING "address;undefined, address, thread, none or auto")
option(PBP_WERROR "Treat every warning as an error" OFF)
option(PBP_LEARNER "Build mine/NN-name (or the starter) where there is one, instead of the solution" OFF)
set(PBP_BASE solutions CACHE STRING "solutions or mine: the earlier lessons under the learner's lesson")
set_property(CACHE PBP_BASE PROPERTY STRINGS solutions mine)
set(PBP_MINE_DIR "${CMAKE_CURRENT_SOURCE_DIR}/mine" CACHE PATH "The learner's copies")
set(PBP_TEST_SYMBOLS lines CACHE STRING "lines or full: the debug information of the learner's tests")
set_property(CACHE PBP_TEST_SYMBOLS PROPERTY STRINGS lines full)
option(PBP_COURSE_CHECKS "Register the checks of the course itself" ON)
set(PBP_VARIANT_CHECKS "" CACHE STRING "starters, untouched, answers, all-answers: checks that build variants of the lessons")

if(NOT PBP_BASE MATCHES "^(solutions|mine)$")
    message(FATAL_ERROR "PBP_BASE is '${PBP_BASE}': say -DPBP_BASE=solutions or -DPBP_BASE=mine.")
endif()

set(PBP_SANITIZERS "${PBP_SANITIZE}")
if(PBP_SANITIZE STREQUAL "auto")
    if(NOT PROJECT_IS_TOP_LEVEL OR NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
        set(PBP_SANITIZERS "none")
    elseif(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        set(PBP_SANITIZERS "address")
    else()
        set(PBP_SANITIZERS "address;undefined")
    endif()
endif()
foreach(PBP_ONE IN LISTS PBP_SANITIZERS)
    if(NOT PBP_ONE MATCHES "^(address|undefined|thread|none)$")
        message(FATAL_ERROR "PBP_SANITIZE is '${PBP_SANITIZE}': say address, undefined, \"address;undefined\", thread, none or auto.")
    endif()
endforeach()
list(JOIN PBP_SANITIZERS "," PBP_SANITIZER_LIST)

add_library(pbp-options INTERFACE)
target_compile_features(pbp-options INTERFACE cxx_std_20)
target_compile_options(pbp-options INTERFACE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    -Werror=return-type -Werror=uninitialized -Werror=vexing-parse -Werror=implicit-fallthrough -Werror=switch
    # Both words are needed: -Werror=dangling… is an unknown name to the other compiler.
    $<$<CXX_COMPILER_ID:GNU>:-Werror=dangling-pointer>
    $<$<CXX_COMPILER_ID:Clang>:-Werror=dangling>)
if(PBP_WERROR)
    target_compile_options(pbp-options INTERFACE -Werror)
endif()
# g++ 13 to 16 see an uninitialized variable in coroutines that are optimized or that ThreadSanitizer instruments. There is none.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_GREATER 13)
    target_compile_options(pbp-options INTERFACE -Wno-error=maybe-uninitialized)
endif()
if(CMAKE_UNITY_BUILD)
    # g++ exempts the file that it compiles from this warning. Here that file only includes the tests.
    target_compile_options(pbp-options INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
endif()
# Out-of-range indexes and empty optionals of the standard library end the process, with a sentence.
target_compile_definitions(pbp-options INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)

if(NOT PBP_SANITIZER_LIST STREQUAL "none")
    target_compile_options(pbp-options INTERFACE
        -fsanitize=${PBP_SANITIZER_LIST} -fno-omit-frame-pointer -fno-sanitize-recover=all)
    target_link_options(pbp-options INTERFACE -fsanitize=${PBP_SANITIZER_LIST})
endif()
# clang links ThreadSanitizer statically, and then a test may not replace its operators new and delete.
if("thread" IN_LIST PBP_SANITIZERS AND CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    execute_process(COMMAND "${CMAKE_CXX_COMPILER}" -print-resource-dir OUTPUT_VARIABLE PBP_CLANG OUTPUT_STRIP_TRAILING_WHITESPACE)
    target_link_options(pbp-options INTERFACE -shared-libsan "-Wl,-rpath,${PBP_CLANG}/lib/linux")
endif()

# What is left out of UndefinedBehaviorSanitizer: `vptr` opens a pipe to look at memory, and a program that has no descriptor
# left ends with an error that is none. `null` and `alignment` are a quarter of a test's code with clang, and 0.3 of the
# compile time with g++. AddressSanitizer sees a null pointer where it is used, and `verify` looks for both with clang.
if("undefined" IN_LIST PBP_SANITIZERS)
    target_compile_options(pbp-options INTERFACE -fno-sanitize=vptr)
    if(PBP_LEARNER OR CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        target_compile_options(pbp-options INTERFACE -fno-sanitize=null,alignment)
    endif()
endif()

# A learner waits for each link, and `verify` for many: LLVM's linker, where it is there, takes a third of the time.
if(PBP_LEARNER OR CMAKE_UNITY_BUILD)
    include(CheckLinkerFlag)
    check_linker_flag(CXX -fuse-ld=lld PBP_HAS_LLD)
    if(PBP_HAS_LLD)
        target_link_options(pbp-options INTERFACE -fuse-ld=lld)
    endif()
endif()

set(CMAKE_CXX_EXTENSIONS OFF)
