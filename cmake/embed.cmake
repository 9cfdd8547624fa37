# embed.cmake - put files into a program as a C array.
#
# embed_files(TARGET VAR FILE…) adds to TARGET a generated source that defines
#     const struct embedded VAR[];      (lib/embedded.h; last row: name NULL)
# one row per file in the order given, name = the file's last path component,
# text ends with a NUL that size does not count.  Declare it where it is used:
#     extern const struct embedded VAR[];
function(embed_files target var)
	set(out ${CMAKE_CURRENT_BINARY_DIR}/${var}.c)
	set(files "")
	foreach(file ${ARGN})
		get_filename_component(file ${file} ABSOLUTE)
		list(APPEND files ${file})
	endforeach()
	# through a file: a list in -D would lose its semicolons
	file(GENERATE OUTPUT ${out}.list CONTENT "${files}")
	add_custom_command(OUTPUT ${out}
		COMMAND ${CMAKE_COMMAND} -D OUT=${out} -D VAR=${var}
			-P ${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
		DEPENDS ${files} ${out}.list
			${CMAKE_SOURCE_DIR}/cmake/embed_write.cmake
		COMMENT "Embedding ${var}" VERBATIM)
	target_sources(${target} PRIVATE ${out})
	target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/lib)
endfunction()
