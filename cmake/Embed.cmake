# cmake -DIN=FILE -DOUT=FILE.cc -DNAME=variable -P Embed.cmake: the bytes of a file as a C++ array.
file(READ "${IN}" hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
file(WRITE "${OUT}" "#include <cstddef>\nnamespace slipway {\nextern const unsigned char ${NAME}[];\nextern const std::size_t ${NAME}_size;\nconst unsigned char ${NAME}[] = {${bytes}};\nconst std::size_t ${NAME}_size = sizeof ${NAME};\n}\n")
