# embed_write.cmake - the build-time half of embed_files(): OUT, VAR are set.
file(READ ${OUT}.list files)
set(arrays "")
set(rows "")
set(i 0)
foreach(file ${files})
	get_filename_component(name ${file} NAME)
	file(READ ${file} hex HEX)
	string(LENGTH "${hex}" size)
	math(EXPR size "${size} / 2")
	string(REGEX REPLACE "(................................)" "\\1\n\t"
		hex "${hex}")
	string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
	string(APPEND arrays "static const unsigned char file_${i}[] = {\n"
		"\t${hex}0\n};\n")
	string(APPEND rows "\t{ \"${name}\", (const char *)file_${i}, "
		"${size} },\n")
	math(EXPR i "${i} + 1")
endforeach()
file(WRITE ${OUT} "/* made by cmake/embed_write.cmake */\n"
	"#include \"embedded.h\"\n\n"
	"extern const struct embedded ${VAR}[];\n\n"
	"${arrays}\n"
	"const struct embedded ${VAR}[] = {\n${rows}\t{ 0, 0, 0 },\n};\n")
