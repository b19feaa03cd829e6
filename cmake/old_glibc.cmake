# lockenv-smoke runs on machines with glibc 2.17 or newer, whatever it is built on: it is linked with stand-ins
# for glibc's libraries that have just the symbols and versions of old_glibc.txt, so that a newer one is an error
# of the linker and nothing has to be downloaded. At run time the machine's own libraries take their place.

# The arm64 build cannot run what it builds; what counts is what it builds for.
include(CheckSymbolExists)
check_symbol_exists(__GLIBC__ features.h LOCKENV_HAS_GLIBC)
if(LOCKENV_HAS_GLIBC AND CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|aarch64)$" AND NOT LOCKENV_SANITIZE
		AND NOT LOCKENV_TSAN AND NOT LOCKENV_FUZZ)
	set(old_glibc_default ON)
else()
	set(old_glibc_default OFF)
endif()
option(LOCKENV_OLD_GLIBC "lockenv-smoke runs with glibc 2.17" ${old_glibc_default})

set(old_glibc_list ${CMAKE_CURRENT_LIST_DIR}/old_glibc.txt)

# old_glibc_add(SYMBOL): its definition to SOURCE, its names to NAMES, both the caller's.
function(old_glibc_add symbol)
	set(kind function)
	set(body "\t.byte 0\n")
	set(section text)
	if(symbol MATCHES "[*=]")
		set(kind object)
		set(body "\t.zero 8\n")
		set(section data)
	endif()
	string(REGEX MATCHALL "[A-Za-z0-9_]+" all ${symbol})
	string(APPEND source "\t.${section}\n\t.balign 8\n")
	foreach(name ${all})
		string(APPEND source "\t.globl ${name}\n\t.type ${name}, %${kind}\n${name}:\n")
		string(APPEND names " ${name};")
	endforeach()
	string(APPEND source "${body}")
	if(kind STREQUAL object)
		foreach(name ${all})
			string(APPEND source "\t.size ${name}, 8\n")
		endforeach()
	endif()
	set(source "${source}" PARENT_SCOPE)
	set(names "${names}" PARENT_SCOPE)
endfunction()

# old_glibc_library(LIBRARY FOLDER): the stand-in for it, made in FOLDER.
function(old_glibc_library library folder)
	file(STRINGS ${old_glibc_list} lines REGEX "^${library} ")
	set(source "\t.section .note.GNU-stack,\"\",%progbits\n")
	foreach(line ${lines})
		separate_arguments(words UNIX_COMMAND "${line}")
		list(POP_FRONT words word version)
		if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
			set(version 2.17)
		endif()
		list(APPEND versions ${version})
		set(names "${names_${version}}")
		foreach(symbol ${words})
			old_glibc_add(${symbol})
		endforeach()
		set(names_${version} "${names}")
	endforeach()
	list(REMOVE_DUPLICATES versions)
	set(map "")
	foreach(version ${versions})
		string(APPEND map "GLIBC_${version} {\n\tglobal:${names_${version}}\n};\n")
	endforeach()
	file(CONFIGURE OUTPUT ${folder}/${library}.s CONTENT "${source}" @ONLY)
	file(CONFIGURE OUTPUT ${folder}/${library}.map CONTENT "${map}" @ONLY)
	# No name of a library: CMake would turn that into -l and a path to search at run time.
	add_custom_command(OUTPUT ${folder}/${library}.stand-in
		COMMAND ${CMAKE_C_COMPILER} -x assembler ${folder}/${library}.s -shared -nostdlib
			-Wl,-soname,${library} -Wl,--version-script,${folder}/${library}.map
			-o ${folder}/${library}.stand-in
		DEPENDS ${folder}/${library}.s ${folder}/${library}.map VERBATIM)
endfunction()

# lockenv_old_glibc(PROGRAM LIBRARY...): an executable that is linked with the static targets LIBRARY, which come
# without what they themselves are linked with, and with nothing of this machine but the compiler's own parts.
function(lockenv_old_glibc program)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${old_glibc_list})
	set(folder ${CMAKE_CURRENT_BINARY_DIR}/old_glibc)
	set(libraries libm.so.6 libdl.so.2 libpthread.so.0 libc.so.6)
	if(CMAKE_SYSTEM_PROCESSOR STREQUAL aarch64)
		list(APPEND libraries ld-linux-aarch64.so.1)
	endif()
	foreach(library ${libraries})
		old_glibc_library(${library} ${folder})
		list(APPEND stand_ins ${folder}/${library}.stand-in)
	endforeach()
	add_custom_target(${program}-glibc DEPENDS ${stand_ins})
	add_dependencies(${program} ${program}-glibc)
	set_property(TARGET ${program} APPEND PROPERTY LINK_DEPENDS ${stand_ins})
	target_link_options(${program} PRIVATE -nodefaultlibs -s -Wl,--as-needed)
	target_link_libraries(${program} PRIVATE lockenv_flags)
	foreach(library ${ARGN})
		add_dependencies(${program} ${library})
		target_link_libraries(${program} PRIVATE $<TARGET_FILE:${library}>)
	endforeach()
	target_link_libraries(${program} PRIVATE ${stand_ins} -lgcc)
endfunction()
