# Editors look for compile_commands.json at the root. The learn preset owns it; another preset fills a gap only.
option(PBP_EDITOR "This build's compile_commands.json is the one that editors see" OFF)
set(PBP_EDITOR_LINK "${CMAKE_CURRENT_SOURCE_DIR}/compile_commands.json")
if(PBP_EDITOR OR NOT EXISTS "${PBP_EDITOR_LINK}")
    file(CREATE_LINK "${CMAKE_CURRENT_BINARY_DIR}/compile_commands.json" "${PBP_EDITOR_LINK}"
        RESULT PBP_EDITOR_RESULT COPY_ON_ERROR SYMBOLIC)
endif()
