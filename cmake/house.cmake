# house.cmake - how every library, program and unit test here is built.
#
# fleet_library(NAME SOURCES a.c … [USES lib …] [THIRD module …])
#   A static library that exports its own folder, and nothing else, as include
#   directory.  USES are our libraries: their headers are visible to this one's
#   sources only, never passed on, so an include that is not an arrow of its own
#   does not compile.  THIRD are pkg-config modules (libevent, libpq, …).
#
# fleet_program(NAME SOURCES … [USES …] [THIRD …] [DIR bin|sbin|…])
#   A program, in build/PRESET/bin; DIR is where `install` puts it.
#
# unit_test(NAME SOURCES test_x.c … [USES …] [THIRD …])
#   A cmocka test, registered in CTest as unit/NAME.

find_package(PkgConfig REQUIRED)

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/archive)

option(FLEET_WERROR "Warnings are errors (dev and CI presets)" OFF)
option(FLEET_SANITIZE "Build with ASan and UBSan" OFF)
option(FLEET_FUZZ "Build the targets of tests/fuzz too (clang)" OFF)
# The agent takes its root directory from the environment, and lib/fault.h lets
# things go wrong on demand: never in what is shipped.
option(DRYDOCK_TEST "Build what only tests may do" OFF)

add_library(fleet_flags INTERFACE)
target_compile_definitions(fleet_flags INTERFACE
	_GNU_SOURCE
	DRYDOCK_VERSION="${PROJECT_VERSION}"
	$<$<BOOL:${DRYDOCK_TEST}>:DRYDOCK_TEST>)
target_compile_options(fleet_flags INTERFACE
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
	-Wswitch-enum -Wpointer-arith -Wwrite-strings -Wundef -Wformat=2 -Wvla
	-fstack-protector-strong
	$<$<BOOL:${FLEET_WERROR}>:-Werror>)
if(FLEET_SANITIZE)
	set(sanitize -fsanitize=address,undefined -fno-sanitize-recover=all
		-fno-omit-frame-pointer)
	target_compile_options(fleet_flags INTERFACE ${sanitize})
	target_link_options(fleet_flags INTERFACE ${sanitize})
	if(FLEET_FUZZ)
		target_compile_options(fleet_flags INTERFACE
			-fsanitize=fuzzer-no-link)
	endif()
else()
	target_compile_definitions(fleet_flags INTERFACE
		$<$<CONFIG:Release,RelWithDebInfo>:_FORTIFY_SOURCE=2>)
endif()
target_link_options(fleet_flags INTERFACE -Wl,-z,relro,-z,now,--as-needed)

# The asserts are invariants of the product: they stay on in release.
foreach(config RELEASE RELWITHDEBINFO MINSIZEREL)
	string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${config}
		"${CMAKE_C_FLAGS_${config}}")
endforeach()

# One imported target per pkg-config module, made once.
function(fleet_third target)
	foreach(module ${ARGN})
		if(NOT TARGET PkgConfig::third_${module})
			pkg_check_modules(third_${module} REQUIRED QUIET
				IMPORTED_TARGET GLOBAL ${module})
		endif()
		target_link_libraries(${target} PRIVATE
			PkgConfig::third_${module})
	endforeach()
endfunction()

function(fleet_library name)
	cmake_parse_arguments(arg "" "" "SOURCES;USES;THIRD" ${ARGN})
	add_library(${name} STATIC ${arg_SOURCES})
	target_include_directories(${name} PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
	target_link_libraries(${name} PRIVATE fleet_flags ${arg_USES})
	fleet_third(${name} ${arg_THIRD})
endfunction()

function(fleet_program name)
	cmake_parse_arguments(arg "" "DIR" "SOURCES;USES;THIRD" ${ARGN})
	add_executable(${name} ${arg_SOURCES})
	target_include_directories(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
	target_link_libraries(${name} PRIVATE fleet_flags ${arg_USES})
	set_target_properties(${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
	target_link_options(${name} PRIVATE -pie)
	fleet_third(${name} ${arg_THIRD})
	if(arg_DIR)
		install(TARGETS ${name} RUNTIME DESTINATION ${arg_DIR})
	endif()
endfunction()

function(unit_test name)
	cmake_parse_arguments(arg "" "" "SOURCES;USES;THIRD" ${ARGN})
	add_executable(test_${name} ${arg_SOURCES})
	target_include_directories(test_${name} PRIVATE
		${CMAKE_SOURCE_DIR}/tests/unit)
	target_compile_definitions(test_${name} PRIVATE
		SOURCE_DIR="${CMAKE_SOURCE_DIR}"
		BIN_DIR="${CMAKE_BINARY_DIR}/bin")
	target_link_libraries(test_${name} PRIVATE fleet_flags ${arg_USES})
	fleet_third(test_${name} cmocka ${arg_THIRD})
	set_target_properties(test_${name} PROPERTIES
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
	add_test(NAME unit/${name} COMMAND test_${name})
	set_tests_properties(unit/${name} PROPERTIES TIMEOUT 120)
endfunction()
