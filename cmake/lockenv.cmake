# Compiler flags, and the one way a folder becomes a library.

add_library(lockenv_flags INTERFACE)
target_include_directories(lockenv_flags INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(lockenv_flags INTERFACE
	_GNU_SOURCE _FILE_OFFSET_BITS=64 LOCKENV_VERSION="${PROJECT_VERSION}")
target_compile_options(lockenv_flags INTERFACE
	-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
	-Wwrite-strings -Wundef -fno-common -fstack-protector-strong)
# Out-parameters stay untouched on failure; gcc's guess depends on what it inlines and cannot see that
# the caller returns first. clang's path-sensitive analyzer (./dev lint) checks the same thing.
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
	target_compile_options(lockenv_flags INTERFACE -Wno-maybe-uninitialized)
endif()
target_link_options(lockenv_flags INTERFACE -Wl,--as-needed)
if(LOCKENV_WERROR)
	target_compile_options(lockenv_flags INTERFACE -Werror)
endif()
if(LOCKENV_SANITIZE)
	target_compile_options(lockenv_flags INTERFACE
		-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
	target_link_options(lockenv_flags INTERFACE -fsanitize=address,undefined)
endif()
if(LOCKENV_TSAN)
	target_compile_options(lockenv_flags INTERFACE -fsanitize=thread)
	target_link_options(lockenv_flags INTERFACE -fsanitize=thread)
endif()
if(LOCKENV_FUZZ)
	target_compile_options(lockenv_flags INTERFACE -fsanitize=fuzzer-no-link,address,undefined)
	target_link_options(lockenv_flags INTERFACE -fsanitize=address,undefined)
endif()

# lockenv_library(FOLDER SOURCES... LINKS libraries...): a static library named
# lk_FOLDER that may use just what LINKS names (docs/architecture.md).
function(lockenv_library folder)
	cmake_parse_arguments(arg "" "" "SOURCES;LINKS" ${ARGN})
	add_library(lk_${folder} STATIC ${arg_SOURCES})
	target_link_libraries(lk_${folder} PUBLIC lockenv_flags ${arg_LINKS})
endfunction()

# lockenv_external(NAME MODULE): the pkg-config MODULE as the target external_NAME, linked by name.
function(lockenv_external name module)
	pkg_check_modules(${name} REQUIRED ${module})
	add_library(external_${name} INTERFACE)
	target_include_directories(external_${name} SYSTEM INTERFACE ${${name}_INCLUDE_DIRS})
	target_link_directories(external_${name} INTERFACE ${${name}_LIBRARY_DIRS})
	target_link_libraries(external_${name} INTERFACE ${${name}_LIBRARIES})
endfunction()
